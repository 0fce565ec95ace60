//! Outer joins, written so that they mean in SQL what they mean as plans.
//!
//! The unparser writes a condition on one side of an outer join beside the join's own condition, where it says what is joined and not what there is:
//! rows of the side that is kept would all stay in. And what it makes a derived table of loses the name under which it is spoken of.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, TableReference};
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, Filter, Join, JoinType, LogicalPlan, Projection, SubqueryAlias};

/// How one side of a join is written.
enum Side {
    /// As it stands.
    Plain,
    /// As a chain of joins to be gone on with, without the columns chosen in between: whoever asks names the columns.
    Chain,
    /// As a subquery of this name.
    Subquery(TableReference),
    /// Not at all.
    Tangled,
}

/// Whether a join can be written: when each side is a chain of joins to be gone on with, or has a name of its own.
pub fn writable(join: &Join) -> bool {
    sides(join).iter().all(|(_, side)| !matches!(side, Side::Tangled))
}

/// The plan with chains of joins in one piece, and the other sides of its outer joins as subqueries where they need be.
pub fn untangled(plan: LogicalPlan) -> Result<LogicalPlan> {
    let columns = plan.schema().columns();
    let plan = written(plan)?;
    // A chain in one piece has all the columns of its tables.
    if plan.schema().columns() == columns {
        return Ok(plan);
    }
    Ok(LogicalPlan::Projection(Projection::try_new(columns.into_iter().map(Expr::Column).collect(), Arc::new(plan))?))
}

/// The same, with more columns than there were, where what is above names those it wants.
fn written(plan: LogicalPlan) -> Result<LogicalPlan> {
    let plan = match plan {
        LogicalPlan::Join(join) => {
            let [left, right] = sides(&join).map(|(input, side)| match side {
                Side::Subquery(name) => subquery(input, name).map(Arc::new),
                Side::Chain => bare(input),
                Side::Plain | Side::Tangled => Ok(Arc::clone(input)),
            });
            LogicalPlan::Join(Join { left: left?, right: right?, ..join })
        }
        plan => plan,
    };
    let names_columns =
        matches!(plan, LogicalPlan::Join(_) | LogicalPlan::Projection(_) | LogicalPlan::Filter(_) | LogicalPlan::Aggregate(_));
    let below = plan.map_children(|child| Ok(Transformed::yes(if names_columns { written(child)? } else { untangled(child)? })))?;
    if matches!(below.data, LogicalPlan::Join(_)) { below.data.recompute_schema() } else { Ok(below.data) }
}

fn sides(join: &Join) -> [(&Arc<LogicalPlan>, Side); 2] {
    let (keeps_left, keeps_right) = match join.join_type {
        JoinType::Inner => return [(&join.left, inner(&join.left, true)), (&join.right, inner(&join.right, false))],
        JoinType::Left => (true, false),
        JoinType::Right => (false, true),
        _ => (false, false),
    };
    [(&join.left, side(&join.left, keeps_left)), (&join.right, side(&join.right, keeps_right))]
}

/// A side of an inner join, the first or the second.
fn inner(plan: &LogicalPlan, first: bool) -> Side {
    match plan {
        LogicalPlan::Join(_) => Side::Plain,
        plan if !chain(plan) => Side::Plain,
        _ if first => Side::Chain,
        _ => Side::Tangled,
    }
}

fn side(plan: &LogicalPlan, kept: bool) -> Side {
    match plan {
        LogicalPlan::TableScan(scan) if scan.filters.is_empty() => Side::Plain,
        LogicalPlan::SubqueryAlias(alias) if !conditioned(&alias.input) => Side::Plain,
        LogicalPlan::SubqueryAlias(alias) => Side::Subquery(alias.alias.clone()),
        // Conditions inside of it come to stand behind WHERE, which suits the side that is kept alone.
        plan if kept && chain(plan) => Side::Chain,
        LogicalPlan::Join(_) => Side::Tangled,
        plan => name(plan).map_or(Side::Tangled, Side::Subquery),
    }
}

/// Whether this is a join, with conditions and choices of columns above it or without.
fn chain(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Join(_) => true,
        LogicalPlan::Filter(filter) => chain(&filter.input),
        LogicalPlan::Projection(projection) => plain(projection) && chain(&projection.input),
        _ => false,
    }
}

fn plain(projection: &Projection) -> bool {
    projection.expr.iter().all(|expr| matches!(expr, Expr::Column(_)))
}

/// A chain without its choices of columns.
fn bare(plan: &Arc<LogicalPlan>) -> Result<Arc<LogicalPlan>> {
    match plan.as_ref() {
        LogicalPlan::Projection(projection) => bare(&projection.input),
        LogicalPlan::Filter(filter) => Ok(Arc::new(LogicalPlan::Filter(Filter::try_new(filter.predicate.clone(), bare(&filter.input)?)?))),
        _ => Ok(Arc::clone(plan)),
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
