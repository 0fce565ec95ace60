//! Cuts a plan where ClickHouse can take over.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, TableReference};
use datafusion::error::Result;
use datafusion::logical_expr::utils::{conjunction, split_conjunction_owned};
use datafusion::logical_expr::{Expr, Extension, Filter, LogicalPlan, Projection, SubqueryAlias};
use datafusion::optimizer::{OptimizerConfig, OptimizerRule};
use datafusion_federation::sql::{SQLExecutorRef, SQLFederationPlanner};
use datafusion_federation::{FederatedPlanNode, get_table_source};

use super::allow;

/// The optimizer rule. It runs last, when filters and projections stand as low as they go.
#[derive(Debug)]
pub struct PushDown {
    planner: Arc<SQLFederationPlanner>,
}

impl PushDown {
    /// Hands down to `executor`.
    pub fn new(executor: SQLExecutorRef) -> Self {
        PushDown { planner: Arc::new(SQLFederationPlanner::new(executor)) }
    }

    fn hand_down(&self, plan: LogicalPlan) -> Result<LogicalPlan> {
        let node = FederatedPlanNode::new(wall_inputs(name_columns(plan)?)?, Arc::clone(&self.planner) as _);
        Ok(LogicalPlan::Extension(Extension { node: Arc::new(node) }))
    }

    /// The plan with every part that can be handed down handed down, except that a plan which can be as a whole is given back as it was, with
    /// `Whole::Yes`: it may yet be part of something larger.
    fn cut(&self, plan: LogicalPlan) -> Result<(LogicalPlan, Whole)> {
        if matches!(&plan, LogicalPlan::TableScan(_)) {
            let whole = if is_ours(&plan)? && allow::node(&plan)? { Whole::Yes } else { Whole::No };
            return Ok((plan, whole));
        }
        let mut inputs = Vec::new();
        for input in plan.inputs() {
            inputs.push(self.cut(input.clone())?);
        }
        if inputs.is_empty() {
            return Ok((plan, Whole::No));
        }
        let all = inputs.iter().all(|(_, whole)| *whole == Whole::Yes);
        if all && allow::node(&plan)? {
            return Ok((plan, Whole::Yes));
        }
        if let (LogicalPlan::Filter(filter), true) = (&plan, all) {
            return Ok((self.cut_filter(filter.clone())?, Whole::No));
        }
        let inputs = inputs
            .into_iter()
            .map(|(input, whole)| if whole == Whole::Yes { self.hand_down(input) } else { Ok(input) })
            .collect::<Result<_>>()?;
        Ok((plan.with_new_exprs(plan.expressions(), inputs)?, Whole::No))
    }

    /// Hands down those conditions of a conjunction that can be; the others stay above.
    fn cut_filter(&self, filter: Filter) -> Result<LogicalPlan> {
        let plan = LogicalPlan::Filter(filter.clone());
        let schemas = allow::Schemas::of(&plan);
        let mut below = Vec::new();
        let mut above = Vec::new();
        for condition in split_conjunction_owned(filter.predicate) {
            if allow::expr(&condition, &schemas)? { below.push(condition) } else { above.push(condition) }
        }
        let mut input = (*filter.input).clone();
        if let Some(condition) = conjunction(below) {
            input = LogicalPlan::Filter(Filter::try_new(condition, Arc::new(input))?);
        }
        let input = self.hand_down(input)?;
        match conjunction(above) {
            Some(condition) => Ok(LogicalPlan::Filter(Filter::try_new(condition, Arc::new(input))?)),
            None => Ok(input),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whole {
    Yes,
    No,
}

/// Aggregates that a projection only passes on get their own names as aliases, and so do columns out of a join in a subquery: in SQL, what is outside of
/// the subquery could not name them otherwise.
fn name_columns(plan: LogicalPlan) -> Result<LogicalPlan> {
    let named = plan.transform_up(|plan| match plan {
        LogicalPlan::Projection(projection) if matches!(&*projection.input, LogicalPlan::Aggregate(_)) => {
            let aggregates = |column: &Column| column.relation.is_none();
            Ok(Transformed::yes(LogicalPlan::Projection(aliased(projection, aggregates)?)))
        }
        // A join of joins is written as one FROM, in which they keep the names of their tables.
        LogicalPlan::Join(_) => Ok(Transformed::no(plan)),
        plan => {
            let mut any = false;
            let mut inputs = Vec::new();
            for input in plan.inputs() {
                inputs.push(match input {
                    LogicalPlan::Projection(projection) if matches!(&*projection.input, LogicalPlan::Join(_)) => {
                        any = true;
                        LogicalPlan::Projection(aliased(projection.clone(), |_| true)?)
                    }
                    input => input.clone(),
                });
            }
            Ok(if any { Transformed::yes(plan.with_new_exprs(plan.expressions(), inputs)?) } else { Transformed::no(plan) })
        }
    });
    Ok(named?.data)
}

/// The same projection with these columns under their own names.
fn aliased(projection: Projection, which: impl Fn(&Column) -> bool) -> Result<Projection> {
    let named = projection.expr.into_iter().map(|expr| match expr {
        Expr::Column(column) if which(&column) => {
            let (relation, name) = (column.relation.clone(), column.name.clone());
            Expr::Column(column).alias_qualified(relation, name)
        }
        expr => expr,
    });
    Projection::try_new(named.collect(), projection.input)
}

/// Tables that are filtered or narrowed before they are joined become sub-selects under their own names. The unparser would lift filters out of them: into
/// the ON of an outer join, where they keep the rows that they are to leave out, and in either case without the table's alias.
fn wall_inputs(plan: LogicalPlan) -> Result<LogicalPlan> {
    let walled = plan.transform_up(|plan| match plan {
        LogicalPlan::Join(mut join) => {
            let (left, right) = (wall(&join.left)?, wall(&join.right)?);
            let any = left.is_some() || right.is_some();
            (join.left, join.right) = (left.unwrap_or(join.left), right.unwrap_or(join.right));
            Ok(Transformed::new_transformed(LogicalPlan::Join(join), any))
        }
        plan => Ok(Transformed::no(plan)),
    });
    Ok(walled?.data)
}

/// The input of a join as a sub-select under the name it had; `None` where it is no table that is filtered or narrowed.
fn wall(input: &Arc<LogicalPlan>) -> Result<Option<Arc<LogicalPlan>>> {
    let (name, below) = match &**input {
        LogicalPlan::SubqueryAlias(alias) if matches!(&*alias.input, LogicalPlan::Filter(_)) => (Some(alias.alias.clone()), &alias.input),
        LogicalPlan::Filter(_) | LogicalPlan::Projection(_) => (None, input),
        _ => return Ok(None),
    };
    let Some(table) = narrowed_table(below) else { return Ok(None) };
    let selected = match &**below {
        LogicalPlan::Projection(_) => Arc::clone(below),
        _ => {
            let columns = below.schema().columns().into_iter().map(Expr::Column).collect();
            Arc::new(LogicalPlan::Projection(Projection::try_new(columns, Arc::clone(below))?))
        }
    };
    Ok(Some(Arc::new(LogicalPlan::SubqueryAlias(SubqueryAlias::try_new(selected, name.unwrap_or(table))?))))
}

/// The table under filters and choices of its columns, and nothing else between.
fn narrowed_table(plan: &LogicalPlan) -> Option<TableReference> {
    match plan {
        LogicalPlan::TableScan(scan) => Some(scan.table_name.clone()),
        LogicalPlan::Filter(filter) => narrowed_table(&filter.input),
        LogicalPlan::Projection(projection) if projection.expr.iter().all(|expr| matches!(expr, Expr::Column(_))) => {
            narrowed_table(&projection.input)
        }
        _ => None,
    }
}

fn is_ours(plan: &LogicalPlan) -> Result<bool> {
    let LogicalPlan::TableScan(scan) = plan else { return Ok(false) };
    // A source that is no table provider is none of ours.
    Ok(get_table_source(&scan.source).is_ok_and(|source| source.is_some()))
}

fn mentions_our_tables(plan: &LogicalPlan) -> Result<bool> {
    plan.exists(is_ours)
}

impl OptimizerRule for PushDown {
    fn name(&self) -> &str {
        "push_down_to_clickhouse"
    }

    fn supports_rewrite(&self) -> bool {
        true
    }

    fn rewrite(&self, plan: LogicalPlan, _config: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        // EXPLAIN and the like stay on this side; what they explain is cut.
        if !mentions_our_tables(&plan)? {
            return Ok(Transformed::no(plan));
        }
        let (plan, whole) = self.cut(plan)?;
        Ok(Transformed::yes(match whole {
            Whole::Yes => self.hand_down(plan)?,
            Whole::No => plan,
        }))
    }
}
