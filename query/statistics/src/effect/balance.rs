//! How far the arms lie apart in what is known of them, before and after.

use super::answer::Balance;
use super::pairs::Matching;
use super::study::Study;
use crate::balance::{Groups, Yardstick, balance as compared};

/// Standardised differences of every column but the intercept; `None` where an arm is left without rows.
pub(super) fn balance(study: &Study<'_>, weights: &[f64], matching: &Matching) -> Vec<Balance> {
    let mut partnered = vec![0.0; study.treated.len()];
    matching.pairs.iter().for_each(|(one, other)| (partnered[*one as usize], partnered[*other as usize]) = (1.0, 1.0));
    let arms = |weight: &dyn Fn(usize) -> f64| {
        [true, false].map(|arm| {
            let of = |(row, treated): (usize, &bool)| if *treated == arm { weight(row) } else { 0.0 };
            study.treated.iter().enumerate().map(of).collect::<Vec<f64>>()
        })
    };
    let plain = arms(&|_| 1.0);
    let against = |after: &[Vec<f64>; 2]| {
        let before = Groups { first: &plain[0], second: &plain[1] };
        compared(study.design, before, Groups { first: &after[0], second: &after[1] }, Yardstick::Pooled).ok()
    };
    let (weighted, paired) = (against(&arms(&|row| weights[row])), against(&arms(&|row| partnered[row])));
    let column = |at: usize| {
        let [weighted, paired] = [&weighted, &paired].map(|compared| compared.as_ref().map(|compared| &compared.columns[at - 1]));
        Balance {
            column: study.design.column()[at].label(),
            before: weighted.or(paired).and_then(|column| column.before.difference),
            weighted: weighted.and_then(|column| column.after.difference),
            paired: paired.and_then(|column| column.after.difference),
        }
    };
    (1..study.design.columns()).map(column).collect()
}
