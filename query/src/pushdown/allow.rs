//! Which parts of a plan ClickHouse answers just as DataFusion would.
//!
//! A list of what is allowed, not of what is forbidden: a function or operator that nobody has compared stays in DataFusion. Known differences
//! that keep things out: `round` (ClickHouse rounds halves to even), division of integers (ClickHouse gives a float), unsigned subtraction (it
//! turns signed), `stddev` of one row (NaN, not null), `NOT IN` with nulls, time zones other than UTC, months in `date_bin`.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::error::Result;
use datafusion::logical_expr::{Aggregate, Distinct, Expr, ExprSchemable, Join, JoinType, LogicalPlan, Operator};

/// Scalar functions with one meaning in both engines, once [`super::dialect`] has renamed them.
const SCALAR: &[&str] = &[
    "abs",
    "acos",
    "asin",
    "atan",
    "ceil",
    "coalesce",
    "cos",
    "date_bin",
    "date_trunc",
    "exp",
    "floor",
    "greatest",
    "least",
    "ln",
    "log10",
    "log2",
    "nullif",
    "power",
    "sin",
    "sqrt",
    "starts_with",
    "tan",
    "to_unixtime",
];

/// Aggregates with one meaning in both engines (quantiles: each within 2 %).
const AGGREGATE: &[&str] = &["approx_distinct", "approx_median", "approx_percentile_cont", "avg", "count", "max", "min", "sum"];

/// Whether this node, its inputs aside, can be handed down.
pub fn node(plan: &LogicalPlan) -> Result<bool> {
    let known = match plan {
        LogicalPlan::TableScan(_) | LogicalPlan::Projection(_) | LogicalPlan::Filter(_) | LogicalPlan::SubqueryAlias(_) => true,
        LogicalPlan::Window(_) => true,
        LogicalPlan::Sort(_) | LogicalPlan::Distinct(Distinct::All(_)) => true,
        LogicalPlan::Limit(limit) => [&limit.skip, &limit.fetch].into_iter().flatten().all(|n| matches!(**n, Expr::Literal(..))),
        LogicalPlan::Aggregate(aggregate) => grouped_plainly(aggregate),
        LogicalPlan::Join(join) => joined_plainly(join),
        _ => false,
    };
    if !known {
        tracing::debug!(node = %plan.display(), "stays in DataFusion");
        return Ok(false);
    }
    let schemas = Schemas::of(plan);
    for expression in plan.expressions() {
        if !expr(&expression, &schemas)? {
            tracing::debug!(%expression, "stays in DataFusion");
            return Ok(false);
        }
    }
    Ok(true)
}

fn grouped_plainly(aggregate: &Aggregate) -> bool {
    !aggregate.group_expr.iter().any(|group| matches!(group, Expr::GroupingSet(_)))
}

fn joined_plainly(join: &Join) -> bool {
    let kind = matches!(join.join_type, JoinType::Inner | JoinType::Left | JoinType::Right | JoinType::Full);
    // ClickHouse wants an equality to join on, and compares nulls as SQL does.
    kind && super::outer::writable(join)
        && !join.on.is_empty()
        && !join.null_aware
        && join.null_equality == datafusion::common::NullEquality::NullEqualsNothing
}

/// The schema that a node's expressions are written against.
pub struct Schemas(DFSchema);

impl Schemas {
    /// That of the node's inputs together; a table's own for a scan.
    pub fn of(plan: &LogicalPlan) -> Schemas {
        let mut merged = DFSchema::empty();
        for input in plan.inputs() {
            merged.merge(input.schema());
        }
        if plan.inputs().is_empty() {
            merged.merge(plan.schema());
        }
        Schemas(merged)
    }

    fn type_of(&self, expr: &Expr) -> Option<DataType> {
        expr.get_type(&self.0).ok()
    }
}

/// Whether every part of an expression can be handed down.
pub fn expr(expression: &Expr, schemas: &Schemas) -> Result<bool> {
    let mut allowed = true;
    expression.apply(|part| {
        allowed = single(part, schemas);
        Ok(if allowed { TreeNodeRecursion::Continue } else { TreeNodeRecursion::Stop })
    })?;
    Ok(allowed)
}

fn single(part: &Expr, schemas: &Schemas) -> bool {
    match part {
        Expr::Alias(_) | Expr::Between(_) | Expr::Not(_) | Expr::IsNull(_) | Expr::IsNotNull(_) => true,
        Expr::IsTrue(_) | Expr::IsFalse(_) | Expr::IsNotTrue(_) | Expr::IsNotFalse(_) => true,
        Expr::Column(_) => schemas.type_of(part).is_some_and(|data_type| plain_type(&data_type)),
        Expr::Literal(value, _) => literal(value),
        Expr::Case(case) => case.expr.is_none(),
        Expr::InList(list) => list.list.iter().all(|item| matches!(item, Expr::Literal(value, _) if !value.is_null())),
        Expr::Like(like) => like.escape_char.is_none() && !like.case_insensitive,
        Expr::Negative(inner) => schemas.type_of(inner).is_some_and(|data_type| signed(&data_type)),
        Expr::Cast(cast) => schemas.type_of(&cast.expr).is_some_and(|from| castable(&from, cast.field.data_type())),
        Expr::BinaryExpr(binary) => {
            let types = (schemas.type_of(&binary.left), schemas.type_of(&binary.right));
            matches!(types, (Some(left), Some(right)) if operator(&binary.op, &left, &right))
        }
        Expr::ScalarFunction(call) => SCALAR.contains(&call.name()) && arguments(call.name(), &call.args, schemas),
        Expr::AggregateFunction(call) => {
            let params = &call.params;
            let name = call.func.name();
            let plain_order = params.order_by.is_empty() || name == "approx_percentile_cont";
            AGGREGATE.contains(&name)
                && (!params.distinct || name == "count" && params.args.len() == 1)
                && params.null_treatment.is_none()
                && plain_order
                && (name != "approx_percentile_cont" || params.args.len() == 2 && matches!(params.args[1], Expr::Literal(..)))
        }
        // Over all of a partition there is no order, and so no frame, to differ about.
        Expr::WindowFunction(call) => {
            let params = &call.params;
            let frame = &params.window_frame;
            ["count", "max", "min", "sum"].contains(&call.fun.name())
                && params.order_by.is_empty()
                && !params.distinct
                && params.filter.is_none()
                && params.null_treatment.is_none()
                && frame.start_bound.is_unbounded()
                && frame.end_bound.is_unbounded()
        }
        _ => false,
    }
}

fn plain_type(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Boolean
            | DataType::Utf8
            | DataType::Utf8View
            | DataType::LargeUtf8
            | DataType::Timestamp(_, _)
            | DataType::Float32
            | DataType::Float64
    ) || data_type.is_integer()
}

fn literal(value: &ScalarValue) -> bool {
    match value {
        ScalarValue::Float64(Some(x)) => x.is_finite(),
        ScalarValue::Float32(Some(x)) => x.is_finite(),
        ScalarValue::TimestampSecond(_, tz)
        | ScalarValue::TimestampMillisecond(_, tz)
        | ScalarValue::TimestampMicrosecond(_, tz)
        | ScalarValue::TimestampNanosecond(_, tz) => utc(tz.as_deref()),
        ScalarValue::IntervalMonthDayNano(_) => true, // only as an argument of date_bin: nothing else allowed takes one
        ScalarValue::Null => true,
        other => plain_type(&other.data_type()),
    }
}

fn utc(zone: Option<&str>) -> bool {
    matches!(zone, None | Some("UTC" | "Etc/UTC" | "+00:00" | "+00"))
}

fn signed(data_type: &DataType) -> bool {
    data_type.is_floating() || data_type.is_signed_integer()
}

fn castable(from: &DataType, to: &DataType) -> bool {
    match (from, to) {
        (DataType::Timestamp(_, from_zone), DataType::Timestamp(_, to_zone)) => utc(from_zone.as_deref()) && utc(to_zone.as_deref()),
        (DataType::Null, to) => plain_type(to) && !matches!(to, DataType::Timestamp(..)),
        // Widening only: narrowing wraps in one engine and fails in the other.
        (from, DataType::Float64) => from.is_numeric() || *from == DataType::Boolean,
        (from, DataType::Int64) => {
            // From UInt64 too: no counter of ours comes near 2^63, where one engine would wrap and the other fail.
            from.is_integer() || *from == DataType::Boolean
        }
        (from, DataType::UInt64) => from.is_unsigned_integer(),
        (from, DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8) => text(from),
        // Labels with codes: the same text, and how it is sent is not said in SQL.
        (from, DataType::Dictionary(_, to)) => text(from) && **to == DataType::Utf8,
        _ => false,
    }
}

fn text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8)
}

fn operator(op: &Operator, left: &DataType, right: &DataType) -> bool {
    let null = matches!(left, DataType::Null) || matches!(right, DataType::Null);
    match op {
        Operator::And | Operator::Or => true,
        Operator::Eq | Operator::NotEq | Operator::Lt | Operator::LtEq | Operator::Gt | Operator::GtEq => !null,
        Operator::Plus | Operator::Minus | Operator::Multiply => arithmetic(left) && arithmetic(right),
        Operator::Divide => *left == DataType::Float64 && *right == DataType::Float64,
        _ => false,
    }
}

fn arithmetic(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Float64 | DataType::Int64)
}

fn arguments(name: &str, arguments: &[Expr], schemas: &Schemas) -> bool {
    match name {
        "date_trunc" => {
            matches!(arguments.first(), Some(Expr::Literal(ScalarValue::Utf8(Some(unit)), _)) if super::dialect::truncation(unit).is_some())
        }
        "date_bin" => arguments.len() == 2 && super::dialect::bin_ms(&arguments[0]).is_some(),
        "to_unixtime" => arguments.len() == 1 && matches!(schemas.type_of(&arguments[0]), Some(DataType::Timestamp(..))),
        "coalesce" | "nullif" | "greatest" | "least" | "starts_with" => true,
        // ClickHouse's mathematics is on floats; so is DataFusion's on these.
        _ => arguments.iter().all(|argument| schemas.type_of(argument) == Some(DataType::Float64)),
    }
}
