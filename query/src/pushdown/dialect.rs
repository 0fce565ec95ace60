//! The SQL that ClickHouse reads: DataFusion's unparser with ClickHouse's names, literals and functions, and every table narrowed to one project.

use std::ops::ControlFlow;

use datafusion::arrow::array::timezone::Tz;
use datafusion::arrow::datatypes::TimeUnit;
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::Expr;
use datafusion::sql::sqlparser::ast::{
    self, DuplicateTreatment, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, Ident, ObjectName,
    Statement, TableAlias, TableFactor, Value, VisitMut, VisitorMut,
};
use datafusion::sql::sqlparser::dialect::ClickHouseDialect;
use datafusion::sql::sqlparser::parser::Parser;
use datafusion::sql::unparser::Unparser;
use datafusion::sql::unparser::dialect::Dialect;

use qoe_store::schema::{literal, quoted};

/// How the unparser writes for ClickHouse.
#[derive(Debug)]
pub struct ClickHouse;

impl Dialect for ClickHouse {
    fn identifier_quote_style(&self, _identifier: &str) -> Option<char> {
        Some('`')
    }

    fn requires_derived_table_alias(&self) -> bool {
        true
    }

    fn supports_column_alias_in_table_alias(&self) -> bool {
        false
    }

    /// As many fractional digits as the unit has, so that the literal's scale is the column's.
    fn timestamp_with_tz_to_string(&self, at: chrono::DateTime<Tz>, unit: TimeUnit) -> String {
        let format = match unit {
            TimeUnit::Second => "%Y-%m-%d %H:%M:%S",
            TimeUnit::Millisecond => "%Y-%m-%d %H:%M:%S%.3f",
            TimeUnit::Microsecond => "%Y-%m-%d %H:%M:%S%.6f",
            TimeUnit::Nanosecond => "%Y-%m-%d %H:%M:%S%.9f",
        };
        at.to_utc().format(format).to_string()
    }

    /// ClickHouse reads a backslash in a string as an escape; standard SQL does not.
    fn string_literal_to_sql(&self, text: &str) -> Option<ast::Expr> {
        text.contains('\\').then(|| ast::Expr::value(Value::SingleQuotedString(text.replace('\\', "\\\\"))))
    }

    fn scalar_function_to_sql_overrides(&self, unparser: &Unparser, name: &str, arguments: &[Expr]) -> Result<Option<ast::Expr>> {
        let sql = |index: usize| unparser.expr_to_sql(&arguments[index]);
        let call = match name {
            "date_trunc" => {
                let Expr::Literal(ScalarValue::Utf8(Some(unit)), _) = &arguments[0] else { return Ok(None) };
                let Some(function) = truncation(unit) else { return Ok(None) };
                parse(&format!("toDateTime64({function}({}, 'UTC'), 3, 'UTC')", sql(1)?))?
            }
            "date_bin" => {
                let Some(ms) = bin_ms(&arguments[0]) else { return Ok(None) };
                let at = sql(1)?;
                parse(&format!("fromUnixTimestamp64Milli(intDiv(toUnixTimestamp64Milli({at}), {ms}) * {ms}, 'UTC')"))?
            }
            "ln" => parse(&format!("log({})", sql(0)?))?,
            "power" => parse(&format!("pow({}, {})", sql(0)?, sql(1)?))?,
            "nullif" => parse(&format!("nullIf({}, {})", sql(0)?, sql(1)?))?,
            "to_unixtime" => parse(&format!("intDiv(toUnixTimestamp64Milli({}), 1000)", sql(0)?))?,
            "starts_with" => parse(&format!("startsWith({}, {})", sql(0)?, sql(1)?))?,
            _ => return Ok(None),
        };
        Ok(Some(call))
    }
}

/// The ClickHouse function that truncates to a unit, where it does so as `date_trunc` does.
pub fn truncation(unit: &str) -> Option<&'static str> {
    match unit.to_ascii_lowercase().as_str() {
        "second" => Some("toStartOfSecond"),
        "minute" => Some("toStartOfMinute"),
        "hour" => Some("toStartOfHour"),
        "day" => Some("toStartOfDay"),
        "week" => Some("toMonday"),
        "month" => Some("toStartOfMonth"),
        "quarter" => Some("toStartOfQuarter"),
        "year" => Some("toStartOfYear"),
        _ => None,
    }
}

/// The width of a `date_bin`, ms, when it is a whole number of them and holds no months.
pub fn bin_ms(width: &Expr) -> Option<i64> {
    let Expr::Literal(ScalarValue::IntervalMonthDayNano(Some(width)), _) = width else { return None };
    let ms = i64::from(width.days) * 86_400_000 + width.nanoseconds / 1_000_000;
    (width.months == 0 && width.nanoseconds % 1_000_000 == 0 && ms > 0).then_some(ms)
}

fn parse(sql: &str) -> Result<ast::Expr> {
    let parsed = Parser::new(&ClickHouseDialect {}).try_with_sql(sql).and_then(|mut parser| parser.parse_expr());
    parsed.map_err(|error| DataFusionError::Internal(format!("written for ClickHouse and not readable: {sql}: {error}")))
}

/// Narrows every table to a project and gives aggregates and casts their ClickHouse form.
#[derive(Debug, Clone)]
pub struct ForProject {
    /// Database of the tables.
    pub database: String,
    /// The project.
    pub project: String,
}

impl ForProject {
    /// The statement, rewritten.
    pub fn rewrite(&self, mut statement: Statement) -> Result<Statement> {
        let mut visitor = self.clone();
        match VisitMut::visit(&mut statement, &mut visitor) {
            ControlFlow::Continue(()) => Ok(statement),
            ControlFlow::Break(error) => Err(error),
        }
    }

    /// A table as a sub-select of the project's rows: `(SELECT * FROM db.table WHERE project = '...')`.
    pub fn table(&self, name: &str) -> String {
        format!("(SELECT * FROM {}.{} WHERE project = {})", quoted(&self.database), quoted(name), literal(&self.project))
    }

    fn narrowed(&self, name: &ObjectName, alias: Option<TableAlias>) -> Result<TableFactor> {
        let last = name.0.last().and_then(|part| part.as_ident()).map(|ident| ident.value.clone()).unwrap_or_default();
        let sql = format!("SELECT 1 FROM {} AS {}", self.table(&last), quoted(&last));
        let unreadable = |error: String| DataFusionError::Internal(format!("written for ClickHouse and not readable: {sql}: {error}"));
        let mut statements = Parser::parse_sql(&ClickHouseDialect {}, &sql).map_err(|error| unreadable(error.to_string()))?;
        let Some(Statement::Query(query)) = statements.pop() else { return Err(unreadable("no query".into())) };
        let ast::SetExpr::Select(mut select) = *query.body else { return Err(unreadable("no select".into())) };
        let mut factor = select.from.pop().ok_or_else(|| unreadable("no table".into()))?.relation;
        if let (TableFactor::Derived { alias: derived, .. }, Some(alias)) = (&mut factor, alias) {
            *derived = Some(alias);
        }
        Ok(factor)
    }
}

impl VisitorMut for ForProject {
    type Break = DataFusionError;

    // After its children, so that the table inside the sub-select is not narrowed again.
    fn post_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<Self::Break> {
        if let TableFactor::Table { name, alias, .. } = factor {
            match self.narrowed(name, alias.take()) {
                Ok(narrowed) => *factor = narrowed,
                Err(error) => return ControlFlow::Break(error),
            }
        }
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &mut ast::Query) -> ControlFlow<Self::Break> {
        mend(query);
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut ast::Expr) -> ControlFlow<Self::Break> {
        let rewritten = match expr {
            ast::Expr::Function(function) => aggregate(function),
            ast::Expr::Cast { expr: inner, data_type: ast::DataType::Timestamp(..), .. } => Some(timestamp(inner)),
            // Only text is cast to text. As it is it may come as labels with codes.
            ast::Expr::Cast { expr: inner, data_type: ast::DataType::Varchar(_) | ast::DataType::Text, .. }
                if !matches!(**inner, ast::Expr::Value(_)) =>
            {
                Some((**inner).clone())
            }
            ast::Expr::Cast { data_type, .. } => {
                if let Some(name) = type_name(data_type) {
                    *data_type = ast::DataType::Custom(ObjectName::from(vec![Ident::new(name)]), vec![]);
                }
                None
            }
            _ => None,
        };
        if let Some(rewritten) = rewritten {
            *expr = rewritten;
        }
        ControlFlow::Continue(())
    }
}

/// ClickHouse's name of a type that is cast to.
fn type_name(data_type: &ast::DataType) -> Option<&'static str> {
    match data_type {
        ast::DataType::Double(_) => Some("Float64"),
        ast::DataType::BigInt(_) => Some("Int64"),
        ast::DataType::BigIntUnsigned(_) => Some("UInt64"),
        ast::DataType::Varchar(_) | ast::DataType::Text => Some("String"),
        _ => None,
    }
}

/// Mends what the unparser leaves in a SELECT: no columns at all; qualifiers that name nothing in its own FROM (where a projection is wrapped into a
/// sub-select, it goes on to name the tables inside it); and columns of joined tables that go by their own name, which ClickHouse would call `s.user_id`
/// outside where several tables have a `user_id`.
fn mend(query: &mut ast::Query) {
    let ast::SetExpr::Select(select) = &mut *query.body else { return };
    if select.projection.is_empty() {
        // Rows without columns, to be counted.
        select.projection.push(ast::SelectItem::UnnamedExpr(ast::Expr::value(Value::Number("1".into(), false))));
    }
    let relations = select.from.iter().flat_map(|from| std::iter::once(&from.relation).chain(from.joins.iter().map(|join| &join.relation)));
    let known: Vec<String> = relations.filter_map(alias).collect();
    let mut visitor = Unqualify { known };
    let _ = select.projection.visit(&mut visitor);
    let _ = select.selection.visit(&mut visitor);
    let _ = select.group_by.visit(&mut visitor);
    let _ = select.having.visit(&mut visitor);
    let _ = query.order_by.visit(&mut visitor);
    name_columns(&mut select.projection);
}

/// Gives each qualified column its own name as alias, where no other goes by it.
fn name_columns(items: &mut [ast::SelectItem]) {
    let name = |item: &ast::SelectItem| match item {
        ast::SelectItem::UnnamedExpr(ast::Expr::CompoundIdentifier(parts)) => parts.last().cloned(),
        ast::SelectItem::UnnamedExpr(ast::Expr::Identifier(name)) => Some(name.clone()),
        ast::SelectItem::ExprWithAlias { alias, .. } => Some(alias.clone()),
        _ => None,
    };
    let names: Vec<Option<Ident>> = items.iter().map(name).collect();
    for (item, name) in items.iter_mut().zip(&names) {
        let Some(alias) = name else { continue };
        let alone = names.iter().flatten().filter(|other| other.value == alias.value).count() == 1;
        if let (ast::SelectItem::UnnamedExpr(expr @ ast::Expr::CompoundIdentifier(_)), true) = (&*item, alone) {
            *item = ast::SelectItem::ExprWithAlias { expr: expr.clone(), alias: alias.clone() };
        }
    }
}

fn alias(factor: &TableFactor) -> Option<String> {
    match factor {
        TableFactor::Table { alias, .. } | TableFactor::Derived { alias, .. } | TableFactor::NestedJoin { alias, .. } => {
            alias.as_ref().map(|alias| alias.name.value.clone())
        }
        _ => None,
    }
}

struct Unqualify {
    known: Vec<String>,
}

impl VisitorMut for Unqualify {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut ast::Expr) -> ControlFlow<()> {
        if let ast::Expr::CompoundIdentifier(parts) = expr
            && let [qualifier, column] = parts.as_slice()
            && !self.known.contains(&qualifier.value)
        {
            *expr = ast::Expr::Identifier(column.clone());
        }
        ControlFlow::Continue(())
    }
}

/// A quoted timestamp as a literal of its own scale, anything else as a timestamp of the finest one.
fn timestamp(inner: &ast::Expr) -> ast::Expr {
    let scale = match inner {
        ast::Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => text.split_once('.').map_or(0, |(_, fraction)| fraction.len()),
            _ => 9,
        },
        _ => 9,
    };
    let number = |n: usize| ast::Expr::value(Value::Number(n.to_string(), false));
    call("toDateTime64", vec![], vec![inner.clone(), number(scale), ast::Expr::value(Value::SingleQuotedString("UTC".into()))], None)
}

/// ClickHouse's form of an aggregate. Of no rows a sum, mean, least or greatest is null, as in SQL, where ClickHouse by itself says 0.
fn aggregate(function: &Function) -> Option<ast::Expr> {
    if function.over.is_some() {
        return None;
    }
    let FunctionArguments::List(list) = &function.args else { return None };
    let arguments: Vec<ast::Expr> = list
        .args
        .iter()
        .filter_map(|argument| match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
            _ => None,
        })
        .collect();
    let half = ast::Expr::value(Value::Number("0.5".into(), false));
    let (name, parameters, arguments) = match function.name.to_string().as_str() {
        "approx_percentile_cont" => {
            // WITHIN GROUP carries the value in its ORDER BY and leaves the level as the only argument.
            let (value, level) = match (function.within_group.first(), arguments.as_slice()) {
                (Some(order), [level]) => {
                    let level = if order.options.asc == Some(false) { parse(&format!("1 - {level}")).ok()? } else { level.clone() };
                    (order.expr.clone(), level)
                }
                (None, [value, level]) => (value.clone(), level.clone()),
                _ => return None,
            };
            ("quantileTDigest", vec![level], vec![value])
        }
        "sum" => ("sumOrNull", vec![], arguments),
        "avg" => ("avgOrNull", vec![], arguments),
        "min" => ("minOrNull", vec![], arguments),
        "max" => ("maxOrNull", vec![], arguments),
        "approx_median" => ("quantileTDigest", vec![half], arguments),
        "approx_distinct" => ("uniq", vec![], arguments),
        _ => return None,
    };
    Some(call(name, parameters, arguments, function.filter.clone()))
}

fn call(name: &str, parameters: Vec<ast::Expr>, arguments: Vec<ast::Expr>, filter: Option<Box<ast::Expr>>) -> ast::Expr {
    let list = |expressions: Vec<ast::Expr>| {
        let args = expressions.into_iter().map(|expr| FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))).collect();
        FunctionArguments::List(FunctionArgumentList { duplicate_treatment: None::<DuplicateTreatment>, args, clauses: vec![] })
    };
    ast::Expr::Function(Function {
        name: ObjectName::from(vec![Ident::new(name)]),
        uses_odbc_syntax: false,
        parameters: if parameters.is_empty() { FunctionArguments::None } else { list(parameters) },
        args: list(arguments),
        filter,
        null_treatment: None,
        over: None,
        within_group: vec![],
    })
}
