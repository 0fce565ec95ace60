//! Many seeds of one world, and what must hold of them together.

use qoe_statistics::{Estimate, parallel};

/// How many seeds an ordinary run plays.
const SEEDS: usize = 300;

/// What one seed came to.
#[derive(Debug, Clone, Copy)]
pub struct Trial {
    /// The planted truth.
    pub truth: f64,
    /// What was estimated; `None` when the method said it could not be.
    pub estimate: Option<Estimate>,
}

/// The seeds of one world, played.
#[derive(Debug)]
pub struct Played {
    name: &'static str,
    trials: Vec<Trial>,
}

/// How many seeds to play: `QOE_COVERAGE_SEEDS`, or 300.
pub fn seeds() -> usize {
    std::env::var("QOE_COVERAGE_SEEDS").ok().map_or(SEEDS, |text| text.parse().expect("QOE_COVERAGE_SEEDS is a number"))
}

/// Plays a world at every seed, on all processors.
pub fn play(name: &'static str, world: impl Fn(u64) -> Trial + Sync) -> Played {
    Played { name, trials: parallel::map(seeds(), |seed| world(seed as u64)) }
}

impl Played {
    fn estimates(&self) -> impl Iterator<Item = (f64, Estimate)> {
        self.trials.iter().filter_map(|trial| Some((trial.truth, trial.estimate?)))
    }

    fn share(&self, holds: impl Fn(f64, Estimate) -> bool) -> f64 {
        let n = self.estimates().count();
        assert!(n * 100 >= self.trials.len() * 95, "{}: only {n} of {} seeds gave an estimate", self.name, self.trials.len());
        self.estimates().filter(|(truth, estimate)| holds(*truth, *estimate)).count() as f64 / n as f64
    }

    /// The mean distance of the estimates from the truth, with its sign.
    pub fn bias(&self) -> f64 {
        let n = self.estimates().count() as f64;
        self.estimates().map(|(truth, estimate)| estimate.value - truth).sum::<f64>() / n
    }

    /// Prints and checks that intervals cover the truth between `low` and `high` of the time. At fewer than 2,000 seeds chance is allowed for: three
    /// standard errors beyond what chance leaves at 2,000.
    #[track_caller]
    pub fn covers(&self, low: f64, high: f64) -> &Self {
        let covered = self.share(|truth, estimate| !estimate.excludes(truth));
        println!("{:<64} covers {:6.2} %   bias {:+.5}   n {}", self.name, covered * 100.0, self.bias(), self.trials.len());
        let slack = self.slack();
        assert!((low - slack..=high + slack).contains(&covered), "{} covers {covered}, not {low} to {high}", self.name);
        self
    }

    /// The same for a nominal 95 %: 93.5 to 96.5 % of the time.
    #[track_caller]
    pub fn covers_as_it_says(&self) -> &Self {
        self.covers(0.935, 0.965)
    }

    /// The same for a method that is known to be conservative: at least 93.5 % of the time.
    #[track_caller]
    pub fn covers_at_least(&self) -> &Self {
        self.covers(0.935, 1.0)
    }

    /// Checks that an effect that is not there (`nothing`) is called at most 6.5 % of the time.
    #[track_caller]
    pub fn calls_nothing(&self, nothing: f64) -> &Self {
        let called = self.share(|_, estimate| estimate.excludes(nothing));
        println!("{:<64} calls  {:6.2} %   n {}", self.name, called * 100.0, self.trials.len());
        assert!(called <= 0.065 + self.slack(), "{} calls {called} of nothing something", self.name);
        self
    }

    fn slack(&self) -> f64 {
        let error = |n: f64| (0.95 * 0.05 / n).sqrt();
        3.0 * (error(self.trials.len() as f64) - error(2000.0)).max(0.0)
    }
}
