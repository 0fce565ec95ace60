//! HD goes to good networks and large screens, which stay longer and come back more often anyway: is its own part found again?

use std::sync::OnceLock;

use qoe_statistics::design::{Covariate, Design};
use qoe_statistics::effect::{Contrast, EffectAnswer, EffectError, Estimand, Options, Outcome, Pairing, Study, Timing, Trim, effect};
use qoe_statistics::logistic::expit;
use qoe_statistics::{Estimate, parallel};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::harness::{Played, Trial, play, seeds};

/// What is known of a viewer before.
#[derive(Clone, Copy)]
struct Viewer {
    bandwidth: f64,
    screen: u32,
    tenure: f64,
}

/// How HD acts in a world, and what is wrong with its models.
#[derive(Clone, Copy)]
struct World {
    rows: usize,
    /// Minutes that HD adds for the average viewer.
    minutes: f64,
    /// Minutes it adds beyond that for a standard deviation of bandwidth: good networks gain more.
    more: f64,
    /// Log-odds of coming back that HD adds.
    back: f64,
    /// Whether HD goes by the square of bandwidth too, which the propensity does not know.
    odd_propensity: bool,
    /// Whether minutes go by the square of bandwidth too, which the regression does not know.
    odd_outcome: bool,
}

const SAME_FOR_ALL: World = World { rows: 1000, minutes: 3.0, more: 0.0, back: 0.5, odd_propensity: false, odd_outcome: false };
const NOTHING: World = World { minutes: 0.0, back: 0.0, ..SAME_FOR_ALL };
const DIFFERS: World = World { more: 2.0, ..SAME_FOR_ALL };

fn normal(random: &mut ChaCha8Rng) -> f64 {
    let (u, v): (f64, f64) = (1.0 - random.random::<f64>(), random.random());
    (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

impl Viewer {
    fn draw(random: &mut ChaCha8Rng) -> Viewer {
        let screen = [0, 0, 0, 1, 1, 2][random.random_range(0..6)];
        Viewer { bandwidth: normal(random), screen, tenure: -(1.0 - random.random::<f64>()).ln() }
    }

    fn propensity(&self, world: World) -> f64 {
        let square = if world.odd_propensity { 0.4 * (self.bandwidth * self.bandwidth - 1.0) } else { 0.0 };
        expit(-0.6 + 0.7 * self.bandwidth + [0.0, 0.5, 1.0][self.screen as usize] + 0.2 * self.tenure + square)
    }

    fn minutes(&self, world: World, hd: bool) -> f64 {
        let square = if world.odd_outcome { 2.0 * self.bandwidth * self.bandwidth } else { 0.0 };
        let gain = if hd { world.minutes + world.more * self.bandwidth } else { 0.0 };
        25.0 + 4.0 * self.bandwidth + [0.0, 3.0, 8.0][self.screen as usize] + 2.0 * self.tenure + square + gain
    }

    fn back(&self, world: World, hd: bool) -> f64 {
        let gain = if hd { world.back } else { 0.0 };
        expit(-0.8 + 0.5 * self.bandwidth + [0.0, 0.2, 0.5][self.screen as usize] + 0.3 * self.tenure + gain)
    }
}

/// True effects: of minutes and of coming back, on all and on the treated.
#[derive(Clone, Copy)]
struct Truth {
    minutes: [f64; 2],
    back: [f64; 2],
}

/// By a million viewers, each both ways.
fn truth(world: World) -> Truth {
    let sums = parallel::map(50, |block| {
        let mut random = ChaCha8Rng::seed_from_u64(1_000_000 + block as u64);
        let mut sums = [0.0; 5];
        for _ in 0..20_000 {
            let viewer = Viewer::draw(&mut random);
            let e = viewer.propensity(world);
            let minutes = viewer.minutes(world, true) - viewer.minutes(world, false);
            let back = viewer.back(world, true) - viewer.back(world, false);
            for (sum, value) in sums.iter_mut().zip([1.0, e, minutes * e, back, back * e]) {
                *sum += value;
            }
        }
        sums
    });
    let [n, e, minutes, back, back_treated] = sums.into_iter().fold([0.0; 5], |a, b| std::array::from_fn(|i| a[i] + b[i]));
    // Bandwidth has mean 0, so that on all the mean gain of minutes is exactly the planted one.
    Truth { minutes: [world.minutes, minutes / e], back: [back / n, back_treated / e] }
}

/// Rows of a world.
struct Rows {
    hd: Vec<bool>,
    minutes: Vec<f64>,
    back: Vec<f64>,
    user: Vec<u32>,
    design: Design,
}

impl Rows {
    fn of(viewers: &[Viewer], hd: Vec<bool>, minutes: Vec<f64>, back: Vec<f64>, user: Vec<u32>) -> Rows {
        let bandwidth: Vec<f64> = viewers.iter().map(|viewer| viewer.bandwidth).collect();
        let tenure: Vec<f64> = viewers.iter().map(|viewer| viewer.tenure).collect();
        let screen: Vec<u32> = viewers.iter().map(|viewer| viewer.screen).collect();
        let labels = ["phone", "laptop", "tv"].map(String::from);
        let covariates = [
            Covariate::numeric("bandwidth", &bandwidth),
            Covariate::category("screen", &screen, &labels),
            Covariate::numeric("tenure", &tenure),
        ];
        Rows { design: Design::new(viewers.len(), &covariates).unwrap(), hd, minutes, back, user }
    }

    fn study(&self, kind: Outcome) -> Study<'_> {
        let outcome = if kind == Outcome::Mean { &self.minutes } else { &self.back };
        Study { treated: &self.hd, outcome, kind, design: &self.design, unit: None, timing: Timing::Before }
    }

    fn ask(&self, kind: Outcome, options: Options) -> Option<EffectAnswer> {
        effect(&self.study(kind), &options).ok()
    }
}

/// Viewers that stand for themselves.
fn rows(world: World, seed: u64) -> Rows {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let viewers: Vec<Viewer> = (0..world.rows).map(|_| Viewer::draw(&mut random)).collect();
    let hd: Vec<bool> = viewers.iter().map(|viewer| random.random_bool(viewer.propensity(world))).collect();
    let noise = |random: &mut ChaCha8Rng| -8.0 * (1.0 - random.random::<f64>()).ln() - 8.0;
    let minutes = viewers.iter().zip(&hd).map(|(viewer, hd)| viewer.minutes(world, *hd) + noise(&mut random)).collect();
    let back = viewers.iter().zip(&hd).map(|(viewer, hd)| f64::from(u8::from(random.random_bool(viewer.back(world, *hd))))).collect();
    Rows::of(&viewers, hd, minutes, back, (0..world.rows as u32).collect())
}

/// One answer a seed, from which several figures are taken.
fn answers(each: impl Fn(u64) -> Option<EffectAnswer> + Sync) -> Vec<Option<EffectAnswer>> {
    parallel::map(seeds(), |seed| each(seed as u64))
}

fn taken(
    name: &'static str,
    answers: &[Option<EffectAnswer>],
    truth: f64,
    of: impl Fn(&EffectAnswer) -> Option<Estimate> + Sync,
) -> Played {
    play(name, |seed| Trial { truth, estimate: answers[seed as usize].as_ref().and_then(&of) })
}

/// How often a figure's interval holds the truth.
fn held(answers: &[Option<EffectAnswer>], truth: f64, of: impl Fn(&EffectAnswer) -> Contrast) -> f64 {
    let all = answers.iter().flatten();
    all.clone().filter(|answer| !of(answer).difference.excludes(truth)).count() as f64 / all.count() as f64
}

/// A p-value as an interval that leaves out 0 when it is below 0.05.
fn called(answer: &EffectAnswer) -> Option<Estimate> {
    let pairs = answer.pairs?;
    Some(Estimate { value: pairs.net?.value, low: 0.05 - pairs.sign_test.p_value?, high: 1.0, n: pairs.pairs })
}

fn differs() -> Truth {
    static TRUTH: OnceLock<Truth> = OnceLock::new();
    *TRUTH.get_or_init(|| truth(DIFFERS))
}

#[test]
fn minutes_that_hd_adds_are_found_and_the_plain_difference_is_not_them() {
    let all = answers(|seed| rows(DIFFERS, seed).ask(Outcome::Mean, Options::default()));
    let truth = differs().minutes[0];
    taken("effect, minutes, ate: weights", &all, truth, |of| Some(of.weighted.difference)).covers_as_it_says();
    taken("effect, minutes, ate: doubly robust", &all, truth, |of| Some(of.doubly_robust.difference)).covers_as_it_says();
    let plain = held(&all, truth, |of| of.raw);
    println!("{:<64} covers {:6.2} %", "plain difference, minutes (no effect, and not said to be one)", plain * 100.0);
    assert!(plain < 0.05, "the plain difference holds the effect {plain}");
    let relative = |of: &EffectAnswer| of.doubly_robust.relative;
    // Of all without HD: 25 and what screens (3/6 + ... = 2.33) and tenure (2) add.
    let base = 25.0 + (2.0 * 3.0 + 8.0) / 6.0 + 2.0;
    taken("effect, minutes, ate: percent longer", &all, truth / base, relative).covers_as_it_says();
}

#[test]
fn minutes_that_hd_adds_to_those_who_had_it() {
    let options = Options { estimand: Estimand::Att, ..Options::default() };
    let all = answers(|seed| rows(DIFFERS, seed).ask(Outcome::Mean, options));
    let truth = differs().minutes[1];
    taken("effect, minutes, att: weights", &all, truth, |of| Some(of.weighted.difference)).covers_as_it_says();
    taken("effect, minutes, att: doubly robust", &all, truth, |of| Some(of.doubly_robust.difference)).covers_as_it_says();
}

#[test]
fn returns_that_hd_adds() {
    let truth = differs().back;
    for (at, estimand) in [Estimand::Ate, Estimand::Att].into_iter().enumerate() {
        let options = Options { estimand, ..Options::default() };
        let all = answers(|seed| rows(DIFFERS, seed).ask(Outcome::Share, options));
        let names = [
            ["effect, return, ate: weights", "effect, return, ate: doubly robust"],
            ["effect, return, att: weights", "effect, return, att: doubly robust"],
        ][at];
        taken(names[0], &all, truth[at], |of| Some(of.weighted.difference)).covers_as_it_says();
        taken(names[1], &all, truth[at], |of| Some(of.doubly_robust.difference)).covers_as_it_says();
        assert!(held(&all, truth[at], |of| of.raw) < 0.5);
    }
}

#[test]
fn pairs_find_what_hd_adds_to_those_who_had_it() {
    let all = answers(|seed| rows(SAME_FOR_ALL, seed).ask(Outcome::Mean, Options { seed, ..Options::default() }));
    taken("effect, minutes: pairs, plain", &all, 3.0, |of| Some(of.pairs?.difference)).covers_at_least();
    taken("effect, minutes: pairs, adjusted", &all, 3.0, |of| of.pairs?.adjusted).covers_at_least();
    let coarsened = Options { pairing: Pairing::Coarsened, ..Options::default() };
    let all = answers(|seed| rows(SAME_FOR_ALL, seed).ask(Outcome::Mean, Options { seed, ..coarsened }));
    // Cells as wide as a fifth leave partners apart; adjusting takes that away.
    let plain = taken("effect, minutes: coarsened pairs, plain", &all, 3.0, |of| Some(of.pairs?.difference)).bias();
    let adjusted = taken("effect, minutes: coarsened pairs, adjusted", &all, 3.0, |of| of.pairs?.adjusted);
    println!("{:<64} bias {plain:+.5}", "effect, minutes: coarsened pairs, plain (biased)");
    assert!(plain > 0.1 && adjusted.covers_at_least().bias().abs() < 0.1, "plain is off by {plain}");
}

#[test]
fn an_hd_that_does_nothing_is_not_called_something() {
    let all = answers(|seed| rows(NOTHING, seed).ask(Outcome::Mean, Options { seed, ..Options::default() }));
    taken("no effect, minutes: weights", &all, 0.0, |of| Some(of.weighted.difference)).calls_nothing(0.0);
    taken("no effect, minutes: doubly robust", &all, 0.0, |of| Some(of.doubly_robust.difference)).calls_nothing(0.0);
    taken("no effect, minutes: pairs, adjusted", &all, 0.0, |of| of.pairs?.adjusted).calls_nothing(0.0);
    taken("no effect, minutes: sign test", &all, 0.0, called).calls_nothing(0.0);
    let all = answers(|seed| rows(NOTHING, seed).ask(Outcome::Share, Options { seed, ..Options::default() }));
    taken("no effect, return: doubly robust", &all, 0.0, |of| Some(of.doubly_robust.difference)).calls_nothing(0.0);
    taken("no effect, return: sign test", &all, 0.0, called).calls_nothing(0.0);
}

/// The doubly robust figure needs one of its models, and its interval holds with either.
#[test]
fn one_wrong_model_is_forgiven() {
    let wrong_outcome = World { odd_outcome: true, ..SAME_FOR_ALL };
    let all = answers(|seed| rows(wrong_outcome, seed).ask(Outcome::Mean, Options::default()));
    taken("effect, minutes, wrong regression: doubly robust", &all, 3.0, |of| Some(of.doubly_robust.difference)).covers_as_it_says();
    let wrong_propensity = World { odd_propensity: true, ..SAME_FOR_ALL };
    let trimmed = Options { trim: Trim::Quantile(0.99), ..Options::default() };
    let all = answers(|seed| rows(wrong_propensity, seed).ask(Outcome::Mean, trimmed));
    taken("effect, minutes, wrong propensity: doubly robust, trimmed", &all, 3.0, |of| Some(of.doubly_robust.difference))
        .covers_as_it_says();
}

/// Users with several sessions each: taste is the user's, HD partly.
fn users(world: World, seed: u64) -> Rows {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let (mut viewers, mut hd, mut minutes, mut back, mut user) = (vec![], vec![], vec![], vec![], vec![]);
    for of in 0..300 {
        let viewer = Viewer::draw(&mut random);
        let taste = 7.0 * normal(&mut random);
        let habit = random.random_bool(viewer.propensity(world));
        for _ in 0..random.random_range(1..8) {
            // Of one user mostly all sessions have HD or none; taken over users the propensity is as before.
            let mine = if random.random_bool(0.7) { habit } else { random.random_bool(viewer.propensity(world)) };
            viewers.push(viewer);
            hd.push(mine);
            minutes.push(viewer.minutes(world, mine) + taste + 6.0 * normal(&mut random));
            back.push(0.0);
            user.push(of * 3 + 7);
        }
    }
    Rows::of(&viewers, hd, minutes, back, user)
}

#[test]
fn sessions_of_a_user_go_together() {
    let ask = |seed| {
        let rows = users(SAME_FOR_ALL, seed);
        effect(&Study { unit: Some(&rows.user), ..rows.study(Outcome::Mean) }, &Options { seed, ..Options::default() }).ok()
    };
    let all = answers(ask);
    taken("effect, sessions of users: weights", &all, 3.0, |of| Some(of.weighted.difference)).covers_as_it_says();
    taken("effect, sessions of users: doubly robust", &all, 3.0, |of| Some(of.doubly_robust.difference)).covers_as_it_says();
    taken("effect, sessions of users: pairs, adjusted", &all, 3.0, |of| of.pairs?.adjusted).covers_at_least();
    let alone = answers(|seed| users(SAME_FOR_ALL, seed).ask(Outcome::Mean, Options::default()));
    let alone = held(&alone, 3.0, |of| of.doubly_robust);
    assert!(alone < 0.9, "taken as independent, sessions hold the effect {alone}");
    let nothing = answers(|seed| {
        let rows = users(NOTHING, seed);
        effect(&Study { unit: Some(&rows.user), ..rows.study(Outcome::Mean) }, &Options { seed, ..Options::default() }).ok()
    });
    taken("no effect, sessions of users: sign test", &nothing, 0.0, called).calls_nothing(0.0);
}

const LANDMARK: f64 = 5.0;

/// Sessions whose viewers switch to HD at some time, if they are still there: at the landmark, and over the whole session.
fn switching(gain: f64, seed: u64) -> (Rows, Rows) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut wait = |mean: f64| -mean * (1.0 - random.random::<f64>()).ln();
    let mut picker = ChaCha8Rng::seed_from_u64(seed ^ 0xfeed);
    let (mut present, mut everyone) = ((vec![], vec![], vec![]), (vec![], vec![], vec![]));
    for _ in 0..1500 {
        let viewer = Viewer::draw(&mut picker);
        let switch = wait(12.0 * (-0.6 * viewer.bandwidth).exp());
        let leaves = wait(20.0);
        // Past the landmark minutes go by the viewer and by HD at the landmark alone.
        let hd = switch < LANDMARK;
        let rest = 10.0 + 2.0 * viewer.bandwidth + if hd { gain } else { 0.0 } + wait(6.0);
        let length = if leaves < LANDMARK { leaves } else { LANDMARK + rest };
        everyone.0.push(viewer);
        everyone.1.push(switch < length);
        everyone.2.push(length);
        if leaves >= LANDMARK {
            present.0.push(viewer);
            present.1.push(hd);
            present.2.push(rest);
        }
    }
    let of = |(viewers, hd, minutes): (Vec<Viewer>, Vec<bool>, Vec<f64>)| {
        let n = viewers.len();
        Rows::of(&viewers, hd, minutes, vec![0.0; n], vec![0; n])
    };
    (of(present), of(everyone))
}

#[test]
fn from_a_landmark_an_effect_is_found_that_whole_sessions_would_invent() {
    let landmark = |gain, seed| {
        let (present, everyone) = switching(gain, seed);
        let left_before = (everyone.hd.len() - present.hd.len()) as u64;
        let timing = Timing::Landmark { minute: LANDMARK, left_before };
        effect(&Study { timing, ..present.study(Outcome::Mean) }, &Options::default()).ok()
    };
    let all = answers(|seed| landmark(2.0, seed));
    taken("effect from a landmark: weights", &all, 2.0, |of| Some(of.weighted.difference)).covers_as_it_says();
    taken("effect from a landmark: doubly robust", &all, 2.0, |of| Some(of.doubly_robust.difference)).covers_as_it_says();
    let all = answers(|seed| landmark(0.0, seed));
    taken("no effect from a landmark: doubly robust", &all, 0.0, |of| Some(of.doubly_robust.difference)).calls_nothing(0.0);
    // Said to be settled before, when it was measured throughout: HD that does nothing seems to add many minutes, however well the rest is balanced.
    let invented = |seed| switching(0.0, seed).1.ask(Outcome::Mean, Options::default());
    let all = answers(invented);
    let held = held(&all, 0.0, |of| of.doubly_robust);
    println!("{:<64} covers {:6.2} %", "whole sessions of an HD that does nothing (refused)", held * 100.0);
    assert!(held < 0.01, "whole sessions hold no effect {held}");
    let (_, everyone) = switching(0.0, 0);
    let refused = effect(&Study { timing: Timing::Throughout, ..everyone.study(Outcome::Mean) }, &Options::default());
    assert_eq!(refused.unwrap_err(), EffectError::ImmortalTime);
}
