//! Whether an outcome turns at a knee, or bends gradually, which two lines follow too.

use super::profile::Profile;

/// How far exponentials and s-curves that are held against the lines reach, in deviations of the measure.
const REACHES: [f64; 6] = [0.125, 0.25, 0.5, 1.0, 2.0, 4.0];
/// Where s-curves have their middle, between the least (0) and the greatest (1) of the measure.
const MIDDLES: [f64; 5] = [0.1, 0.3, 0.5, 0.7, 0.9];

/// By how much twice the logarithm of the likelihood (of normal errors) must speak for lines, of four figures, against a bend of three: our choice; so
/// gradual bends are called knees in at most a twentieth of trials of `tests/coverage/drivers.rs`.
const CLEARLY: f64 = 5.0;
/// By how much it must speak for an s-curve, which has four figures too and can look like two lines.
const SLIGHTLY: f64 = 2.0;

/// Whether a gradual bend tells about as much as the lines that meet at `place`: a parabola, an exponential to either side, or an s-curve, of so many
/// independent observations.
pub(super) fn suffices(profile: &Profile, place: f64, independent: usize) -> bool {
    let (n, (low, high)) = (independent as f64, profile.ends());
    let worse = |squares: f64| n * (squares / profile.residual(place)).ln();
    let exponential = |reach: &f64| {
        let falling = residual(profile, |u| (-(u - low) / reach).exp(), false);
        worse(falling.min(residual(profile, |u| ((u - high) / reach).exp(), false))) <= CLEARLY
    };
    let s_curve = |(middle, reach): (f64, &f64)| worse(residual(profile, |u| ((u - middle) / reach).tanh(), false)) <= -SLIGHTLY;
    let middles = || MIDDLES.iter().map(|share| low + share * (high - low));
    worse(residual(profile, |u| u * u, true)) <= CLEARLY
        || REACHES.iter().any(exponential)
        || middles().flat_map(|middle| REACHES.iter().map(move |reach| (middle, reach))).any(s_curve)
}

/// What a level and a shape leave of the squares; with a straight line, if so.
fn residual(profile: &Profile, shape: impl Fn(f64) -> f64, line: bool) -> f64 {
    // Over rows: weight, the shape, its squares, and its products with the measure (of mean 0) and the outcome (too).
    let [w, s, ss, us, sy, uu] = profile.rows().iter().fold([0.0; 6], |sums: [f64; 6], (u, y, weight)| {
        let s = shape(*u);
        let row = [1.0, s, s * s, u * s, s * y, u * u];
        std::array::from_fn(|at| sums[at] + weight * row[at])
    });
    let (mut squares, mut products, mut left) = (ss - s * s / w, sy, profile.total());
    if line {
        squares -= us * us / uu;
        products -= us * profile.straight_slope();
        left = profile.straight_residual();
    }
    if squares > 1e-12 * ss { left - products * products / squares } else { left }
}
