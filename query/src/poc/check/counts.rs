//! What the checks go by: counts, and a few figures of each metric.

use super::scale::Unlike;

/// All of it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Counts {
    /// Rows, whoever they are of.
    pub rows: u64,
    /// Each vendor, in the order of the POC or of the alphabet.
    pub arms: Vec<ArmCounts>,
    /// Rows that say no vendor.
    pub unstated: u64,
    /// Rows of vendors that are not in the POC.
    pub others: u64,
    /// Units (users) with rows of several vendors, of how many; `None`: no unit column.
    pub contaminated: Option<(u64, u64)>,
    /// Sessions with rows of several vendors, of how many; `None`: no session column.
    pub shared_sessions: Option<(u64, u64)>,
    /// Pairs that lack a vendor, of how many; `None`: not paired.
    pub incomplete_pairs: Option<(u64, u64)>,
    /// Rows that are there twice, of how many; `None`: nothing tells them.
    pub duplicates: Option<(u64, u64)>,
    /// Each metric.
    pub metrics: Vec<MetricCounts>,
    /// Units by vendor and value of each stratum column.
    pub strata: Vec<StratumCounts>,
    /// Middle skew of clocks, s, and share of rows more than a minute off, by vendor; `None`: no times of sending.
    pub clocks: Option<Vec<(Option<f64>, f64)>>,
    /// Rows whose freezes are by the vendor's own definition, and rows that state one, by vendor; `None`: not stated anywhere.
    pub definitions: Option<Vec<(u64, u64)>>,
    /// When vendors were used; `None`: no times, or only sums are asked.
    pub times: Option<Times>,
    /// Users that rows are of though no unit is stated: the column, its users, and their rows.
    pub people: Option<(String, u64, u64)>,
    /// First and last row, ms since 1970.
    pub span: Option<(i64, i64)>,
}

/// One vendor.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ArmCounts {
    /// Its name.
    pub name: String,
    /// Its rows.
    pub rows: u64,
    /// Its units of randomisation: users, calls or pairs.
    pub units: u64,
}

/// One metric, by vendor.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MetricCounts {
    /// Its name.
    pub name: String,
    /// Rows in which it was measured.
    pub present: Vec<u64>,
    /// Middle value; `None`: nowhere measured.
    pub medians: Vec<Option<f64>>,
    /// Rows beyond the median by ten interquartile ranges (0 where values do not spread), of those that were looked at: of a large store a part.
    pub outliers: (u64, u64),
    /// Rows whose value cannot be.
    pub impossible: u64,
    /// Of all that the values add up to, what those far beyond do, 0 to 1; of a store not known.
    pub pulled: f64,
    /// Whether all vendors' values are one and the same.
    pub constant: bool,
    /// How vendors' values look to be in other units, and whether that is sure.
    pub unlike: Option<(Unlike, bool)>,
}

/// When vendors' units were first seen; each row, where there are no units.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Times {
    /// By vendor, between which moments nine in ten began, ms since 1970; `None` of few.
    pub middle: Vec<Option<(i64, i64)>>,
    /// How far apart the shares that had begun by any moment are at most, 0 to 1.
    pub apart: f64,
    /// How often chance alone gives this or worse; `None` of few.
    pub p_value: Option<f64>,
    /// Rows after now, and before the year 2000, of all that say when.
    pub odd: [u64; 3],
}

/// One stratum column.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StratumCounts {
    /// Which.
    pub column: String,
    /// Its values.
    pub values: Vec<String>,
    /// Units by vendor, then value.
    pub units: Vec<Vec<u64>>,
}

/// Which values cannot be, by the unit in a measure's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Possible {
    /// All can.
    Any,
    /// Not below 0.
    NotNegative,
    /// 0 to 1.
    Ratio,
}

impl Possible {
    /// What values of a column of this name can be.
    pub(super) fn of(what: &str) -> Possible {
        let ends = |endings: &[&str]| endings.iter().any(|ending| what.ends_with(ending));
        if ends(&["_ratio", "_share"]) {
            Possible::Ratio
        } else if ends(&["_ms", "_s", "_bps", "_px", "_n", "_count", "minutes", "seconds", "height", "frame_rate"]) {
            Possible::NotNegative
        } else {
            Possible::Any
        }
    }

    pub(super) fn allows(self, value: f64) -> bool {
        match self {
            Possible::Any => value.is_finite(),
            Possible::NotNegative => value.is_finite() && value >= 0.0,
            Possible::Ratio => (0.0..=1.0).contains(&value),
        }
    }
}

/// Whether a measure of this name is above 0 wherever it was measured: nothing connects in no time.
pub(super) fn never_zero(what: &str) -> bool {
    ["connect", "rtt", "delay", "latency", "first_frame", "height"].iter().any(|part| what.contains(part))
}

/// Interquartile ranges beyond the median from which a value is far from all others: our choice.
pub(super) const FAR: f64 = 10.0;

/// Skew of a clock from which times across clocks are off by what anybody would notice, s: our choice, which the rollup of sessions (`far_clocks`) shares.
pub(super) const FAR_CLOCK_S: f64 = 60.0;
