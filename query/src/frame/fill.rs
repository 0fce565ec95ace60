//! From batches of Arrow to plain vectors.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, StringArray};
use datafusion::arrow::datatypes::{DataType, Float64Type, TimeUnit, TimestampMillisecondType, UInt32Type};
use datafusion::common::HashMap;
use datafusion::error::Result;
use datafusion::logical_expr::{ExprSchemable, cast as cast_expr};
use datafusion::prelude::{DataFrame, col, ident};

use super::plain::{missing, no_column, plain, unread};
use super::{Column, FrameError, Input, Role, Want, each_of_its_own};

/// A question for the wanted columns, named `c0`, `c1` and so on.
pub(super) async fn planned(input: &Input, wanted: &[&Want], condition: Option<&str>) -> std::result::Result<DataFrame, FrameError> {
    let data = input.context.table(super::source::TABLE).await.map_err(|error| FrameError::Rows(Box::new(error)))?;
    let columns: Vec<String> = data.schema().fields().iter().map(|field| field.name().clone()).collect();
    let unknown = |what: &str, error| unread(what, &columns, &error);
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
            let refused = |error| match missing(&error) {
                Some(column) => no_column(column, &columns),
                None => FrameError::Condition { condition: condition.to_owned(), why: plain(&error) },
            };
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
        match &column.read_as {
            Some(data_type) => cast_expr(col(&name), data_type.clone()).alias(name),
            None => col(&name),
        }
    });
    frame.select(cast.collect::<Vec<_>>())
}

/// A column while it is being filled.
pub(super) struct Filling {
    what: String,
    /// Whether it comes as text.
    textual: bool,
    /// Whether it comes as numbers.
    counted: bool,
    /// The type it is read as, where that is another than it has.
    read_as: Option<DataType>,
    column: Column,
    /// Whether it is told who is who, and not who they are.
    nameless: bool,
    known: HashMap<String, u32>,
    /// The labels that all codes so far are indices of, where they all came with the same ones, in order.
    shared: Option<ArrayRef>,
}

const NOT_STATED: u32 = u32::MAX;

/// What a yes or no is, for those who wrote something else.
const YES_OR_NO: &str = "yes or no (write true and false, yes and no, or 1 and 0)";

impl Filling {
    /// For so many rows as are expected, at least.
    pub(super) fn new(want: &Want, found: &DataType, expected: usize) -> Filling {
        let textual = matches!(found, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Dictionary(_, _));
        let column = match want.role {
            Role::Number => Column::Number(Vec::with_capacity(expected)),
            Role::Flag => Column::Flag(Vec::with_capacity(expected)),
            Role::Time => Column::Time(Vec::with_capacity(expected)),
            Role::Text => Column::Text(Vec::with_capacity(expected)),
            Role::Covariate if found.is_numeric() || *found == DataType::Boolean => Column::Number(Vec::with_capacity(expected)),
            Role::Category | Role::Person | Role::Covariate => Column::Category { codes: Vec::with_capacity(expected), labels: Vec::new() },
        };
        // Text is read value by value, so that a misfit can be named; labels come with codes, so that each is looked up once and not once a row.
        let wanted = match (&column, found) {
            (Column::Number(_) | Column::Flag(_), _) if !textual => DataType::Float64,
            (Column::Time(_), DataType::Timestamp(TimeUnit::Millisecond, _)) => found.clone(),
            (Column::Time(_), _) if !textual => DataType::Timestamp(TimeUnit::Millisecond, None),
            (Column::Category { .. }, _) if textual => codes_with_labels(),
            _ => DataType::Utf8,
        };
        let read_as = (wanted != *found).then_some(wanted);
        Filling {
            what: want.what.clone(),
            textual,
            counted: found.is_numeric(),
            read_as,
            column,
            nameless: want.role == Role::Person,
            known: HashMap::new(),
            shared: None,
        }
    }

    pub(super) fn extend(&mut self, values: &ArrayRef, before: usize) -> std::result::Result<(), FrameError> {
        let misfit = |value: &str, row: usize, role: &'static str| FrameError::Misfit {
            what: self.what.clone(),
            value: value.to_owned(),
            row: before + row + 1,
            role,
        };
        let epoch = |value: i64, row: usize| FrameError::Epoch {
            what: self.what.clone(),
            value,
            row: before + row + 1,
            read: chrono::DateTime::from_timestamp_millis(value).map_or_else(|| "no date at all".to_owned(), |at| at.to_rfc3339()),
        };
        if !self.textual
            && matches!(self.column, Column::Flag(_))
            && let Some((row, value)) = no_flag(values)
        {
            return Err(misfit(&value.to_string(), row, YES_OR_NO));
        }
        if self.counted
            && matches!(self.column, Column::Time(_))
            && let Some((row, value)) = no_epoch(values)
        {
            return Err(epoch(value, row));
        }
        match &mut self.column {
            Column::Number(numbers) | Column::Flag(numbers) if !self.textual => {
                let values = values.as_primitive::<Float64Type>();
                let from = numbers.len();
                numbers.extend_from_slice(values.values());
                if let Some(nulls) = values.nulls().filter(|nulls| nulls.null_count() > 0) {
                    let measured = numbers[from..].iter_mut().zip(nulls);
                    measured.filter(|(_, there)| !there).for_each(|(number, _)| *number = f64::NAN);
                }
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
                    flags.push(flag(value.unwrap_or_default()).ok_or_else(|| misfit(value.unwrap_or_default(), row, YES_OR_NO))?);
                }
            }
            Column::Time(times) if !self.textual => times.extend(values.as_primitive::<TimestampMillisecondType>().iter()),
            Column::Time(times) => {
                for (row, value) in values.as_string::<i32>().iter().enumerate() {
                    times.push(match value.map(str::trim) {
                        None | Some("") => None,
                        Some(text) => match text.parse::<i64>() {
                            Ok(number) if !is_epoch(number) => return Err(epoch(number, row)),
                            Ok(number) => Some(number),
                            Err(_) => {
                                Some(moment(text).ok_or_else(|| misfit(text, row, "time (write RFC 3339, such as 2026-11-25T08:00:00Z)"))?)
                            }
                        },
                    });
                }
            }
            // What is filled are codes; who is who is told in the end.
            Column::Person { .. } => {}
            Column::Text(texts) => texts.extend(values.as_string::<i32>().iter().map(|value| value.unwrap_or_default().to_owned())),
            Column::Category { codes, labels } if self.textual => {
                let coded = values.as_dictionary::<UInt32Type>();
                let (keys, theirs) = (coded.keys(), coded.values());
                if codes.is_empty() && in_order(theirs.as_string()) {
                    self.shared = Some(Arc::clone(theirs));
                }
                if self.shared.as_ref().is_some_and(|shared| is_same(shared, theirs)) {
                    codes.extend(keys.iter().map(|key| key.unwrap_or(NOT_STATED)));
                    return Ok(());
                }
                if let Some(shared) = self.shared.take() {
                    codes_of(codes, shared.as_string(), labels, &mut self.known);
                }
                let from = codes.len();
                codes.extend(keys.iter().map(|key| key.unwrap_or(NOT_STATED)));
                codes_of(&mut codes[from..], theirs.as_string(), labels, &mut self.known);
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
        let Column::Category { mut codes, mut labels } = self.column else { return close(self.column) };
        codes.shrink_to_fit();
        let order: Vec<u32> = match &self.shared {
            Some(shared) => {
                // Of the labels that were shared those that are there.
                let mut there = vec![false; shared.len()];
                codes.iter().filter(|code| **code != NOT_STATED).for_each(|code| there[*code as usize] = true);
                (0..).zip(there).filter_map(|(code, there)| there.then_some(code)).collect()
            }
            None => {
                // The first letters as a number tell most labels apart without reading them.
                let mut order: Vec<(u64, u32)> = labels.iter().map(|label| beginning(label)).zip(0..).collect();
                order.sort_unstable_by(|(a, one), (b, other)| a.cmp(b).then_with(|| labels[*one as usize].cmp(&labels[*other as usize])));
                order.into_iter().map(|(_, code)| code).collect()
            }
        };
        let mut place = vec![0_u32; self.shared.as_ref().map_or(labels.len(), |shared| shared.len())];
        order.iter().enumerate().for_each(|(at, code)| place[*code as usize] = at as u32);
        codes.iter_mut().for_each(|code| *code = place.get(*code as usize).copied().unwrap_or(order.len() as u32));
        if self.nameless {
            let known = order.len() as u32;
            return Column::Person { of: each_of_its_own(&codes, known), known };
        }
        let label = |code: &u32| match &self.shared {
            Some(shared) => shared.as_string::<i32>().value(*code as usize).to_owned(),
            None => std::mem::take(&mut labels[*code as usize]),
        };
        Column::Category { codes, labels: order.iter().map(label).collect() }
    }
}

/// The column without the room it grew into.
fn close(mut column: Column) -> Column {
    match &mut column {
        Column::Number(values) | Column::Flag(values) => values.shrink_to_fit(),
        Column::Time(values) => values.shrink_to_fit(),
        Column::Text(values) => values.shrink_to_fit(),
        Column::Person { of, .. } => of.shrink_to_fit(),
        Column::Category { codes, .. } => codes.shrink_to_fit(),
    }
    column
}

/// The first eight bytes, which compare as the text does as far as they go.
fn beginning(text: &str) -> u64 {
    let mut first = [0; 8];
    let bytes = &text.as_bytes()[..text.len().min(8)];
    first[..bytes.len()].copy_from_slice(bytes);
    u64::from_be_bytes(first)
}

/// Labels with codes: an Arrow dictionary.
fn codes_with_labels() -> DataType {
    DataType::Dictionary(Box::new(DataType::UInt32), Box::new(DataType::Utf8))
}

/// Whether both are the same labels in memory, through whatever handles.
fn is_same(one: &ArrayRef, other: &ArrayRef) -> bool {
    Arc::ptr_eq(one, other) || one.to_data().ptr_eq(&other.to_data())
}

/// Whether labels stand in order, each once and none empty.
fn in_order(labels: &StringArray) -> bool {
    let mut before = "";
    labels.null_count() == 0 && (0..labels.len()).all(|at| std::mem::replace(&mut before, labels.value(at)) < labels.value(at))
}

/// Indices of their labels become codes of ours, each label looked up once.
fn codes_of(codes: &mut [u32], theirs: &StringArray, labels: &mut Vec<String>, known: &mut HashMap<String, u32>) {
    let mut ours = vec![None; theirs.len()];
    // Rows of one person often come together.
    let mut before = ("", NOT_STATED);
    for code in codes.iter_mut().filter(|code| **code != NOT_STATED) {
        let at = *code as usize;
        *code = *ours[at].get_or_insert_with(|| {
            let text = if theirs.is_null(at) { "" } else { theirs.value(at) };
            if text != before.0 {
                before = (text, code_of(text, labels, known));
            }
            before.1
        });
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
        other => other.parse::<f64>().ok().filter(|number| is_flag(*number)),
    }
}

/// 1 is yes and 0 is no; any other number is neither.
fn is_flag(number: f64) -> bool {
    number == 0.0 || number == 1.0
}

/// The first number that says neither yes nor no.
fn no_flag(values: &ArrayRef) -> Option<(usize, f64)> {
    let mut numbers = values.as_primitive::<Float64Type>().iter().enumerate();
    numbers.find_map(|(row, number)| number.filter(|number| !number.is_nan() && !is_flag(*number)).map(|number| (row, number)))
}

/// From 2000 to 2100, ms since 1970: numbers of seconds or microseconds lie elsewhere.
fn is_epoch(ms: i64) -> bool {
    (946_684_800_000..4_102_444_800_000).contains(&ms)
}

/// The first number that is no moment in ms.
fn no_epoch(values: &ArrayRef) -> Option<(usize, i64)> {
    let mut numbers = values.as_primitive::<TimestampMillisecondType>().iter().enumerate();
    numbers.find_map(|(row, number)| number.filter(|number| !is_epoch(*number)).map(|number| (row, number)))
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
    zoned().or_else(plain).or_else(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Slices of one table share their labels, which are passed on; batches of several have their own, which are matched.
    #[test]
    fn labels_are_the_same_whether_they_come_shared_or_not() {
        use datafusion::arrow::array::{DictionaryArray, UInt32Array};
        let batch = |labels: &[&str], keys: Vec<Option<u32>>| -> ArrayRef {
            let labels = Arc::new(StringArray::from(labels.to_vec()));
            Arc::new(DictionaryArray::<UInt32Type>::new(UInt32Array::from(keys), labels))
        };
        let read = |batches: &[ArrayRef]| {
            let mut filling = Filling::new(&Want::category("x"), &codes_with_labels(), 0);
            batches.iter().for_each(|batch| filling.extend(batch, 0).unwrap());
            filling.finish()
        };
        let category = |codes: &[u32], labels: &[&str]| Column::Category {
            codes: codes.to_vec(),
            labels: labels.iter().map(ToString::to_string).collect(),
        };
        let shared = batch(&["a", "b", "c"], vec![Some(2), None, Some(0), Some(2)]);
        assert_eq!(read(&[shared.slice(0, 2), shared.slice(2, 2)]), category(&[1, 2, 0, 1], &["a", "c"]));
        let other = batch(&["d", "b", ""], vec![Some(0), Some(1), Some(2)]);
        assert_eq!(read(&[shared.clone(), other.clone()]), category(&[2, 4, 0, 2, 3, 1, 4], &["a", "b", "c", "d"]));
        assert_eq!(read(&[other, shared]), category(&[3, 1, 4, 2, 4, 0, 2], &["a", "b", "c", "d"]));
    }

    #[test]
    fn moments_and_flags_are_read_as_people_write_them() {
        assert_eq!(moment("2026-11-25T08:00:00+08:00"), moment("2026-11-25T00:00:00Z"));
        assert_eq!(moment("2026-11-25 00:00:00"), moment("2026-11-25"));
        assert_eq!(moment("yesterday"), None);
        assert_eq!((flag("Yes"), flag("0"), flag("maybe")), (Some(1.0), Some(0.0), None));
        assert_eq!((flag("1.0"), flag("200"), flag("-1")), (Some(1.0), None, None));
    }
}
