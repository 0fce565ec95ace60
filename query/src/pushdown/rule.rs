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
        let node = FederatedPlanNode::new(outer::untangled(name_aggregates(plan)?)?, Arc::clone(&self.planner) as _);
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

/// Aggregates that a projection only passes on get their own names as aliases: in SQL, what is outside of the subquery could not name them otherwise.
fn name_aggregates(plan: LogicalPlan) -> Result<LogicalPlan> {
    let named = plan.transform_up(|plan| match plan {
        LogicalPlan::Projection(projection) if matches!(&*projection.input, LogicalPlan::Aggregate(_)) => {
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
