//! From batches of Arrow to plain vectors.

use std::collections::HashMap;

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::{DataType, Float64Type, TimeUnit, TimestampMillisecondType, UInt32Type};
use datafusion::error::Result;
use datafusion::logical_expr::{ExprSchemable, cast as cast_expr};
use datafusion::prelude::{DataFrame, col, ident};

use super::{Column, FrameError, Input, Role, Want};

/// A question for the wanted columns, named `c0`, `c1` and so on.
pub(super) async fn planned(input: &Input, wanted: &[&Want], condition: Option<&str>) -> std::result::Result<DataFrame, FrameError> {
    let data = input.context.table(super::source::TABLE).await.map_err(|error| FrameError::Rows(Box::new(error)))?;
    let columns: Vec<String> = data.schema().fields().iter().map(|field| field.name().clone()).collect();
    let unknown = |what: &str, source| FrameError::Unknown { what: what.to_owned(), columns: columns.join(", "), source: Box::new(source) };
    let mut expressions = Vec::new();
    for (at, want) in wanted.iter().enumerate() {
        // A column's own name counts as it stands, whatever letters it has; anything else is SQL.
        let expression = if columns.contains(&want.what) {
            ident(&want.what)
        } else {
            data.parse_sql_expr(&want.what).map_err(|error| unknown(&want.what, error))?
        };
        expression.get_type(data.schema()).map_err(|error| unknown(&want.what, error))?;
        expressions.push(expression.alias(format!("c{at}")));
    }
    let kept = match condition {
        None => data,
        Some(condition) => {
            let refused = |source| FrameError::Condition { condition: condition.to_owned(), source: Box::new(source) };
            let parsed = data.parse_sql_expr(condition).map_err(refused)?;
            data.filter(parsed).map_err(refused)?
        }
    };
    kept.select(expressions).map_err(|error| FrameError::Rows(Box::new(error)))
}

/// Every column cast to the one type that its filling reads. Text stays text where it must be read with care.
pub(super) fn cast(frame: DataFrame, columns: &[Filling]) -> Result<DataFrame> {
    let cast = columns.iter().enumerate().map(|(at, column)| {
        let name = format!("c{at}");
        match column.read_as() {
            Some(data_type) => cast_expr(col(&name), data_type).alias(name),
            None => col(&name),
        }
    });
    frame.select(cast.collect::<Vec<_>>())
}

/// A column while it is being filled.
pub(super) struct Filling {
    what: String,
    textual: bool,
    /// Whether the column comes as codes with labels (an Arrow dictionary with 32-bit keys).
    coded: bool,
    column: Column,
    known: HashMap<String, u32>,
}

const NOT_STATED: u32 = u32::MAX;

impl Filling {
    pub(super) fn new(want: &Want, found: &DataType) -> Filling {
        let textual = matches!(found, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Dictionary(_, _));
        let column = match want.role {
            Role::Number => Column::Number(Vec::new()),
            Role::Flag => Column::Flag(Vec::new()),
            Role::Time => Column::Time(Vec::new()),
            Role::Text => Column::Text(Vec::new()),
            Role::Covariate if found.is_numeric() || *found == DataType::Boolean => Column::Number(Vec::new()),
            Role::Category | Role::Covariate => Column::Category { codes: Vec::new(), labels: Vec::new() },
        };
        let coded = *found == DataType::Dictionary(Box::new(DataType::UInt32), Box::new(DataType::Utf8));
        Filling { what: want.what.clone(), textual, coded, column, known: HashMap::new() }
    }

    /// The type to cast to before reading; `None`: text that is read value by value, so that a misfit can be named.
    fn read_as(&self) -> Option<DataType> {
        match self.column {
            Column::Number(_) | Column::Flag(_) if !self.textual => Some(DataType::Float64),
            Column::Time(_) if !self.textual => Some(DataType::Timestamp(TimeUnit::Millisecond, None)),
            // Labels that come with codes are looked up once a batch, not once a row.
            Column::Category { .. } if self.coded => None,
            _ => Some(DataType::Utf8),
        }
    }

    pub(super) fn extend(&mut self, values: &ArrayRef, before: usize) -> std::result::Result<(), FrameError> {
        let misfit = |value: &str, row: usize, role: &'static str| FrameError::Misfit {
            what: self.what.clone(),
            value: value.to_owned(),
            row: before + row + 1,
            role,
        };
        match &mut self.column {
            Column::Number(numbers) | Column::Flag(numbers) if !self.textual => {
                numbers.extend(values.as_primitive::<Float64Type>().iter().map(|value| value.unwrap_or(f64::NAN)));
            }
            Column::Number(numbers) => {
                for (row, value) in values.as_string::<i32>().iter().enumerate() {
                    numbers.push(match value.map(str::trim) {
                        None | Some("") => f64::NAN,
                        Some(text) => text.parse().map_err(|_| misfit(text, row, "number"))?,
                    });
                }
            }
            Column::Flag(flags) => {
                for (row, value) in values.as_string::<i32>().iter().enumerate() {
                    flags.push(flag(value.unwrap_or_default()).ok_or_else(|| misfit(value.unwrap_or_default(), row, "yes or no"))?);
                }
            }
            Column::Time(times) if !self.textual => times.extend(values.as_primitive::<TimestampMillisecondType>().iter()),
            Column::Time(times) => {
                for (row, value) in values.as_string::<i32>().iter().enumerate() {
                    times.push(match value.map(str::trim) {
                        None | Some("") => None,
                        Some(text) => {
                            Some(moment(text).ok_or_else(|| misfit(text, row, "time (write RFC 3339, such as 2026-11-25T08:00:00Z)"))?)
                        }
                    });
                }
            }
            Column::Text(texts) => texts.extend(values.as_string::<i32>().iter().map(|value| value.unwrap_or_default().to_owned())),
            Column::Category { codes, labels } if self.coded => {
                let coded = values.as_dictionary::<UInt32Type>();
                let theirs = coded.values().as_string::<i32>();
                // Batches of one table mostly share their labels: those that came before are known already.
                let mut ours = vec![None; theirs.len()];
                codes.extend(coded.keys().iter().map(|key| match key.map(|key| key as usize) {
                    None => NOT_STATED,
                    Some(key) => *ours[key].get_or_insert_with(|| code_of(theirs.value(key), labels, &mut self.known)),
                }));
            }
            Column::Category { codes, labels } => {
                for value in values.as_string::<i32>() {
                    codes.push(value.map_or(NOT_STATED, |text| code_of(text, labels, &mut self.known)));
                }
            }
        }
        Ok(())
    }

    /// The column; labels in alphabetical order, so that the order of rows changes nothing.
    pub(super) fn finish(self) -> Column {
        let Column::Category { codes, labels } = self.column else { return self.column };
        let mut order: Vec<u32> = (0..labels.len() as u32).collect();
        order.sort_by(|a, b| labels[*a as usize].cmp(&labels[*b as usize]));
        let mut place = vec![0_u32; labels.len()];
        order.iter().enumerate().for_each(|(at, code)| place[*code as usize] = at as u32);
        let codes = codes.into_iter().map(|code| place.get(code as usize).copied().unwrap_or(labels.len() as u32)).collect();
        Column::Category { codes, labels: order.iter().map(|code| labels[*code as usize].clone()).collect() }
    }
}

/// The code of a label, a new one if it was not met before; empty: not stated.
fn code_of(text: &str, labels: &mut Vec<String>, known: &mut HashMap<String, u32>) -> u32 {
    if text.is_empty() {
        return NOT_STATED;
    }
    if let Some(code) = known.get(text) {
        return *code;
    }
    let code = labels.len() as u32;
    labels.push(text.to_owned());
    known.insert(text.to_owned(), code);
    code
}

fn flag(text: &str) -> Option<f64> {
    match text.trim().to_ascii_lowercase().as_str() {
        "" => Some(f64::NAN),
        "yes" | "true" | "y" | "t" | "是" => Some(1.0),
        "no" | "false" | "n" | "f" | "否" => Some(0.0),
        other => other.parse::<f64>().ok().map(|number| f64::from(u8::from(number != 0.0))),
    }
}

/// RFC 3339, the same without a zone (UTC), or a day.
fn moment(text: &str) -> Option<i64> {
    use chrono::{DateTime, NaiveDate, NaiveDateTime};
    let zoned = || DateTime::parse_from_rfc3339(text).map(|at| at.timestamp_millis()).ok();
    let plain = || {
        let formats = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M"];
        formats.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok()).map(|at| at.and_utc().timestamp_millis())
    };
    let day = || {
        let day = ["%Y-%m-%d", "%Y/%m/%d"].iter().find_map(|format| NaiveDate::parse_from_str(text, format).ok())?;
        Some(day.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis())
    };
    let epoch = || text.parse::<i64>().ok();
    zoned().or_else(plain).or_else(day).or_else(epoch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_and_flags_are_read_as_people_write_them() {
        assert_eq!(moment("2026-11-25T08:00:00+08:00"), moment("2026-11-25T00:00:00Z"));
        assert_eq!(moment("2026-11-25 00:00:00"), moment("2026-11-25"));
        assert_eq!(moment("yesterday"), None);
        assert_eq!((flag("Yes"), flag("0"), flag("maybe")), (Some(1.0), Some(0.0), None));
    }
}
