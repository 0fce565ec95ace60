//! Rows that are there more than once.

use qoe_query::frame::Repeated;

use super::numbers::count;
use crate::view::Lang;

/// How many rows are there again, and whether they were counted once.
pub fn repeated(repeated: Repeated, lang: Lang) -> String {
    let (again, rows) = (count(repeated.again), count(repeated.rows));
    match repeated.once {
        true => lang.pick(
            format!("{again} of {rows} rows are there twice, equal in every column and of the same session; each was counted once."),
            format!("{rows} 行中有 {again} 行重复出现（所有列相同且属于同一会话），每行只计一次。"),
        ),
        false => lang.pick(
            format!(
                "{again} of {rows} rows are equal to another in every column. If they are there twice, all intervals here are too narrow: remove them, or add \
                 a column session_id, by which they are told apart."
            ),
            format!("{rows} 行中有 {again} 行与另一行在所有列上相同。若为重复行，则此处所有区间都偏窄：请删除重复行，或增加 session_id 列以便区分。"),
        ),
    }
}
