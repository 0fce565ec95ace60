//! Outer joins, written so that they mean in SQL what they mean as plans.
//!
//! The unparser writes a condition on one side of an outer join beside the join's own condition, where it says what is joined and not what there is:
//! rows of the side that is kept would all stay in. And what it makes a derived table of loses the name under which it is spoken of.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, TableReference};
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, Join, JoinType, LogicalPlan, Projection, SubqueryAlias};

/// How one side of an outer join is written.
enum Side {
    /// As it stands.
    Plain,
    /// As a subquery of this name.
    Subquery(TableReference),
    /// Not at all.
    Tangled,
}

/// Whether a join can be written: an inner one as ever, an outer one when each side has a name of its own.
pub fn writable(join: &Join) -> bool {
    sides(join).iter().all(|(_, side)| !matches!(side, Side::Tangled))
}

/// The plan with the sides of its outer joins as subqueries where they need be.
pub fn untangled(plan: LogicalPlan) -> Result<LogicalPlan> {
    let untangled = plan.transform_up(|plan| match plan {
        LogicalPlan::Join(join) if join.join_type != JoinType::Inner => {
            let [left, right] = sides(&join).map(|(input, side)| match side {
                Side::Subquery(name) => subquery(input, name).map(Arc::new),
                Side::Plain | Side::Tangled => Ok(Arc::clone(input)),
            });
            Ok(Transformed::yes(LogicalPlan::Join(Join { left: left?, right: right?, ..join.clone() })))
        }
        plan => Ok(Transformed::no(plan)),
    });
    Ok(untangled?.data)
}

fn sides(join: &Join) -> [(&Arc<LogicalPlan>, Side); 2] {
    let (keeps_left, keeps_right) = match join.join_type {
        JoinType::Inner => return [(&join.left, Side::Plain), (&join.right, Side::Plain)],
        JoinType::Left => (true, false),
        JoinType::Right => (false, true),
        _ => (false, false),
    };
    [(&join.left, side(&join.left, keeps_left)), (&join.right, side(&join.right, keeps_right))]
}

fn side(plan: &LogicalPlan, kept: bool) -> Side {
    match plan {
        LogicalPlan::TableScan(scan) if scan.filters.is_empty() => Side::Plain,
        LogicalPlan::SubqueryAlias(alias) if !conditioned(&alias.input) => Side::Plain,
        LogicalPlan::SubqueryAlias(alias) => Side::Subquery(alias.alias.clone()),
        // Conditions inside of it come to stand behind WHERE, which suits the side that is kept alone.
        LogicalPlan::Join(_) if kept => Side::Plain,
        LogicalPlan::Join(_) => Side::Tangled,
        plan => name(plan).map_or(Side::Tangled, Side::Subquery),
    }
}

/// Whether this is a table with conditions and nothing else.
fn conditioned(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Filter(filter) => matches!(filter.input.as_ref(), LogicalPlan::TableScan(_)) || conditioned(&filter.input),
        LogicalPlan::TableScan(scan) => !scan.filters.is_empty(),
        _ => false,
    }
}

/// The one name under which all columns are spoken of.
fn name(plan: &LogicalPlan) -> Option<TableReference> {
    let mut names = plan.schema().iter().map(|(name, _)| name);
    let first = names.next()??;
    names.all(|name| name == Some(first)).then(|| first.clone())
}

fn subquery(side: &LogicalPlan, name: TableReference) -> Result<LogicalPlan> {
    let inner = if let LogicalPlan::SubqueryAlias(alias) = side { Arc::clone(&alias.input) } else { Arc::new(side.clone()) };
    let columns = inner.schema().iter().map(|(table, field)| Expr::Column(Column::new(table.cloned(), field.name()))).collect();
    let projection = match *inner {
        LogicalPlan::Projection(_) => inner,
        _ => Arc::new(LogicalPlan::Projection(Projection::try_new(columns, inner)?)),
    };
    Ok(LogicalPlan::SubqueryAlias(SubqueryAlias::try_new(projection, name)?))
}
