//! In which order several stand, and how sure that order is.

/// For each contender, how often it comes first, second and so on when all are drawn anew; `None` without draws, or when contenders have unequally many.
///
/// `draws` holds each contender's draws, the k-th of all being one world; less is better, so turn what is better when greater. Who is level shares the
/// places: two that are equal are first half of the time each. Each row and each column adds up to 1.
///
/// ```
/// use qoe_statistics::ranks::rank_probabilities;
/// let places = rank_probabilities(&[&[1.0, 1.0, 3.0], &[2.0, 2.0, 2.0]]).unwrap();
/// assert_eq!(places[0], [2.0 / 3.0, 1.0 / 3.0]);
/// ```
pub fn rank_probabilities(draws: &[&[f64]]) -> Option<Vec<Vec<f64>>> {
    let worlds = draws.first()?.len();
    if worlds == 0 || draws.iter().any(|own| own.len() != worlds || own.iter().any(|value| value.is_nan())) {
        return None;
    }
    let mut places = vec![vec![0.0; draws.len()]; draws.len()];
    for world in 0..worlds {
        for (contender, own) in draws.iter().enumerate() {
            let value = own[world];
            let before = draws.iter().filter(|other| other[world] < value).count();
            let level = draws.iter().filter(|other| other[world] == value).count();
            for place in &mut places[contender][before..before + level] {
                *place += 1.0 / level as f64;
            }
        }
    }
    for place in places.iter_mut().flatten() {
        *place /= worlds as f64;
    }
    Some(places)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn who_is_level_shares_the_places() {
        let places = rank_probabilities(&[&[1.0], &[1.0], &[0.0]]).unwrap();
        assert_eq!(places, [vec![0.0, 0.5, 0.5], vec![0.0, 0.5, 0.5], vec![1.0, 0.0, 0.0]]);
    }

    #[test]
    fn without_draws_there_is_no_order() {
        assert_eq!(rank_probabilities(&[]), None);
        assert_eq!(rank_probabilities(&[&[], &[]]), None);
        assert_eq!(rank_probabilities(&[&[1.0], &[1.0, 2.0]]), None);
        assert_eq!(rank_probabilities(&[&[f64::NAN], &[1.0]]), None);
    }

    proptest! {
        #[test]
        fn someone_is_in_each_place(draws in prop::collection::vec(prop::collection::vec(0u8..4, 7), 1..5)) {
            let draws: Vec<Vec<f64>> = draws.into_iter().map(|own| own.into_iter().map(f64::from).collect()).collect();
            let slices: Vec<&[f64]> = draws.iter().map(Vec::as_slice).collect();
            let places = rank_probabilities(&slices).unwrap();
            for i in 0..places.len() {
                prop_assert!((places[i].iter().sum::<f64>() - 1.0).abs() < 1e-12);
                prop_assert!((places.iter().map(|own| own[i]).sum::<f64>() - 1.0).abs() < 1e-12);
            }
        }
    }
}
