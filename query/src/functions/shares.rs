//! Intervals of shares, for any query that counts.

use datafusion::arrow::datatypes::DataType::Float64;
use datafusion::functions::math::expr_fn::sqrt;
use datafusion::logical_expr::{Expr, lit, when};

use super::formula::Formula;

/// z of a two-sided 95 % interval.
const Z: f64 = 1.959_963_984_540_054;

/// `wilson_low(hits, n)` and `wilson_high(hits, n)`: the ends of Wilson's 95 % interval of hits / n; null when n is 0.
pub fn formulas() -> Vec<Formula> {
    let wilson = |name, sign: f64| {
        Formula::new(name, &[Float64, Float64], Float64, move |a| {
            let (hits, n) = (a[0].clone(), a[1].clone());
            let share = hits / n.clone();
            let z2 = lit(Z * Z);
            let spread = sqrt(share.clone() * (lit(1.0) - share.clone()) / n.clone() + z2.clone() / (lit(4.0) * n.clone() * n.clone()));
            let end = (share + z2.clone() / (lit(2.0) * n.clone()) + lit(sign * Z) * spread) / (lit(1.0) + z2 / n.clone());
            positive(n, end)
        })
    };
    vec![wilson("wilson_low", -1.0), wilson("wilson_high", 1.0)]
}

fn positive(n: Expr, then: Expr) -> Expr {
    when(n.gt(lit(0.0)), then).end().expect("a CASE of one branch is well formed")
}
