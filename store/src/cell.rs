//! How one Rust value becomes one Arrow cell.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Float32Builder, Float64Builder, Int32Builder, MapBuilder, MapFieldNames, StringBuilder,
    TimestampMillisecondBuilder, UInt16Builder, UInt32Builder, UInt64Builder,
};
use arrow::datatypes::{DataType, Field, Fields, TimeUnit};

use crate::rows::Millis;

/// A value that can stand in a column.
pub trait Cell: Sized {
    /// Arrow type of the column.
    fn data_type() -> DataType;
    /// Whether the column may hold nulls.
    const NULLABLE: bool;
    /// The column of these values.
    fn column<'a>(values: impl ExactSizeIterator<Item = &'a Self>) -> ArrayRef
    where
        Self: 'a;
}

macro_rules! primitive {
    ($($rust:ty => $arrow:ident, $builder:ident;)*) => {$(
        impl Cell for $rust {
            const NULLABLE: bool = false;
            fn data_type() -> DataType { DataType::$arrow }
            fn column<'a>(values: impl ExactSizeIterator<Item = &'a Self>) -> ArrayRef {
                let mut builder = $builder::with_capacity(values.len());
                values.for_each(|value| builder.append_value(*value));
                Arc::new(builder.finish())
            }
        }
        impl Cell for Option<$rust> {
            const NULLABLE: bool = true;
            fn data_type() -> DataType { DataType::$arrow }
            fn column<'a>(values: impl ExactSizeIterator<Item = &'a Self>) -> ArrayRef {
                let mut builder = $builder::with_capacity(values.len());
                values.for_each(|value| builder.append_option(*value));
                Arc::new(builder.finish())
            }
        }
    )*};
}

primitive! {
    bool => Boolean, BooleanBuilder;
    f32 => Float32, Float32Builder;
    f64 => Float64, Float64Builder;
    i32 => Int32, Int32Builder;
    u16 => UInt16, UInt16Builder;
    u32 => UInt32, UInt32Builder;
    u64 => UInt64, UInt64Builder;
}

fn strings<'a>(values: impl ExactSizeIterator<Item = &'a str>) -> ArrayRef {
    let mut builder = StringBuilder::with_capacity(values.len(), values.len() * 16);
    values.for_each(|value| builder.append_value(value));
    Arc::new(builder.finish())
}

impl Cell for String {
    const NULLABLE: bool = false;
    fn data_type() -> DataType {
        DataType::Utf8
    }
    fn column<'a>(values: impl ExactSizeIterator<Item = &'a Self>) -> ArrayRef {
        strings(values.map(String::as_str))
    }
}

impl Cell for Arc<str> {
    const NULLABLE: bool = false;
    fn data_type() -> DataType {
        DataType::Utf8
    }
    fn column<'a>(values: impl ExactSizeIterator<Item = &'a Self>) -> ArrayRef {
        strings(values.map(|value| &**value))
    }
}

fn utc() -> DataType {
    DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()))
}

impl Cell for Millis {
    const NULLABLE: bool = false;
    fn data_type() -> DataType {
        utc()
    }
    fn column<'a>(values: impl ExactSizeIterator<Item = &'a Self>) -> ArrayRef {
        let mut builder = TimestampMillisecondBuilder::with_capacity(values.len()).with_data_type(utc());
        values.for_each(|value| builder.append_value(value.0));
        Arc::new(builder.finish())
    }
}

impl Cell for Option<Millis> {
    const NULLABLE: bool = true;
    fn data_type() -> DataType {
        utc()
    }
    fn column<'a>(values: impl ExactSizeIterator<Item = &'a Self>) -> ArrayRef {
        let mut builder = TimestampMillisecondBuilder::with_capacity(values.len()).with_data_type(utc());
        values.for_each(|value| builder.append_option(value.map(|at| at.0)));
        Arc::new(builder.finish())
    }
}

impl Cell for BTreeMap<String, String> {
    const NULLABLE: bool = false;
    fn data_type() -> DataType {
        let entries = Fields::from(vec![Field::new("keys", DataType::Utf8, false), Field::new("values", DataType::Utf8, true)]);
        DataType::Map(Arc::new(Field::new("entries", DataType::Struct(entries), false)), false)
    }
    fn column<'a>(values: impl ExactSizeIterator<Item = &'a Self>) -> ArrayRef {
        let names = MapFieldNames { entry: "entries".into(), key: "keys".into(), value: "values".into() };
        let mut builder = MapBuilder::new(Some(names), StringBuilder::new(), StringBuilder::new());
        for value in values {
            for (key, value) in value {
                builder.keys().append_value(key);
                builder.values().append_value(value);
            }
            // A map builder fails only when keys and values differ in number; they are appended in pairs.
            let _ = builder.append(true);
        }
        Arc::new(builder.finish())
    }
}
