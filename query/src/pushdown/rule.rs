//! Cuts a plan where ClickHouse can take over.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::error::Result;
use datafusion::logical_expr::utils::{conjunction, split_conjunction_owned};
use datafusion::logical_expr::{Expr, Extension, Filter, LogicalPlan, Projection};
use datafusion::optimizer::{OptimizerConfig, OptimizerRule};
use datafusion_federation::sql::{SQLExecutorRef, SQLFederationPlanner};
use datafusion_federation::{FederatedPlanNode, get_table_source};

use super::{allow, outer};

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
        let plan = name_aggregates(project_aggregate(plan)?)?;
        let node = FederatedPlanNode::new(outer::untangled(plan)?, Arc::clone(&self.planner) as _);
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

/// An aggregate that is handed down by itself, without the projection that stays here, gets one that names its columns in their order: in SQL it would be
/// written with its sums before its groups, and answers are read by position.
fn project_aggregate(plan: LogicalPlan) -> Result<LogicalPlan> {
    match &plan {
        LogicalPlan::Sort(_) | LogicalPlan::Limit(_) => {
            let inputs = plan.inputs().into_iter().map(|input| project_aggregate(input.clone())).collect::<Result<_>>()?;
            plan.with_new_exprs(plan.expressions(), inputs)
        }
        _ if is_aggregate(&plan) => {
            let columns = plan.schema().columns().into_iter().map(Expr::Column).collect();
            Ok(LogicalPlan::Projection(Projection::try_new(columns, Arc::new(plan))?))
        }
        _ => Ok(plan),
    }
}

fn is_aggregate(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Filter(filter) => is_aggregate(&filter.input),
        plan => matches!(plan, LogicalPlan::Aggregate(_)),
    }
}

/// Aggregates that a projection only passes on get their own names as aliases: in SQL, what is outside of the subquery could not name them otherwise.
fn name_aggregates(plan: LogicalPlan) -> Result<LogicalPlan> {
    let named = plan.transform_up(|plan| match plan {
        LogicalPlan::Projection(projection) if is_aggregate(&projection.input) => {
            let named = projection.expr.into_iter().map(|expr| match expr {
                Expr::Column(column) if column.relation.is_none() => {
                    let name = column.name.clone();
                    Expr::Column(column).alias(name)
                }
                expr => expr,
            });
            Ok(Transformed::yes(LogicalPlan::Projection(Projection::try_new(named.collect(), projection.input)?)))
        }
        plan => Ok(Transformed::no(plan)),
    });
    Ok(named?.data)
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
