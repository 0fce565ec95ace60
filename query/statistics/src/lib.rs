//! Figures with their uncertainty: every estimate travels with its interval and its n.
//!
//! Numbers in, numbers out: no clock, no tables, no randomness but from a seed that is given. What cannot be said is `None` or an error that
//! says why, never a number that looks like one. In reading order:
//!
//! | module | answers |
//! |---|---|
//! | [`estimate`] | what a figure is made of; what a confidence level is |
//! | [`normal`] | quantiles of the normal distribution |
//! | [`share`](mod@share) | a proportion, and the difference of two |
//! | [`beta`] | exact limits of shares, quantiles of Student's t |
//! | [`two_sample`] | two means compared: difference, ratio, pairs |
//! | [`contrast`] | two arms compared on one measure, rows in units: means, shares, ratios, quantiles, scores, times, pairs |
//! | [`stability`](mod@stability) | success against an objective: met, missed or not shown |
//! | [`moments`] | a mean, and the difference of two |
//! | [`clustered`] | a share of minutes that come in sessions |
//! | [`excess`] | where the bad minutes are: the ranking of the live board |
//! | [`onset`](mod@onset) | since when a slice has been bad |
//! | [`change_points`](mod@change_points) | since when a series of means or shares has been on another level |
//! | [`drift`] | which release a change coincides with, what has gone stale |
//! | [`waves`] | this wave of a survey against the last: the same people, and others |
//! | [`keyness`](mod@keyness) | what sets the words of some apart from those of the others |
//! | [`word_measures`](mod@word_measures) | which quality measures rise with which words |
//! | [`parallel`] | sums over many rows, the same on any number of threads |
//! | [`design`] | what is known of everyone, as the matrix that models are fitted to |
//! | [`linear`] | least squares by weights, and small systems of equations |
//! | [`logistic`] | a probability that depends on covariates |
//! | [`scale`] | what was asked: the kind of a satisfaction score, and its scale |
//! | [`score`](mod@score) | satisfaction of those who answered |
//! | [`invitations`] | how many of those asked answered |
//! | [`weights`] | what weights cost: effective numbers, trimming |
//! | [`balance`](mod@balance) | how alike two groups are in what is known of both |
//! | [`calibration`](mod@calibration) | whether what was predicted came true |
//! | [`response`] | satisfaction of everyone asked, when few answered |
//! | [`raking`] | weights that meet known margins |
//! | [`sensitivity`] | what if answering depends on satisfaction itself |
//! | [`spell`] | how long each was watched, and whether the event ended it |
//! | [`kaplan_meier`] | the share without the event after a time; medians, means up to a horizon |
//! | [`log_rank`](mod@log_rank) | whether groups have the same survival |
//! | [`survival_by_band`] | survival curves of bands of quality side by side |
//! | [`cox`](mod@cox) | how covariates go with the hazard of an event |
//! | [`retention`] | who comes back so many days after the first |
//! | [`pairs`] | a quality measure and an outcome, row by row |
//! | [`isotonic`](mod@isotonic) | the closest curve that only rises or only falls |
//! | [`dose_response`](mod@dose_response) | an outcome by bins of a measure |
//! | [`knee`](mod@knee) | from which value of a measure on an outcome turns |
//! | [`iqx`](mod@iqx) | the exponential curve between quality and satisfaction |
//! | [`ordinal`](mod@ordinal) | a score that depends on covariates |
//! | [`collinearity`](mod@collinearity) | what is measured together and not told apart |
//! | [`drivers`](mod@drivers) | which measures go with satisfaction, and what a step of each goes with |
//! | [`multiplicity`] | p values of many questions at once |
//! | [`figure`] | one figure of rows that come in units, and the same held against a bound |
//! | [`quantile`] | a quantile of such rows |
//! | [`unit_share`] | a share of such rows |
//! | [`unit_mean`] | a mean or a ratio of such rows |
//! | [`weighing`] | scores of several dimensions weighed into one, and how safe the order is |
//! | [`sample_size`] | how many units it takes |
//! | [`chi_square`] | whether counts are as they should be |
//! | [`assignment`] | who gets which arm, by chance; which run is made under which conditions |
//! | [`verdict`] | better, inferior, equivalent, non-inferior or inconclusive |
//! | [`heterogeneity`](mod@heterogeneity) | whether a difference is the same in every stratum, and what pooling hides |
//! | [`sequential`] | intervals that hold however often they are looked at |
//! | [`effect`](mod@effect) | whether a treatment makes a difference, by like compared with like |

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that unwraps nothing fails, which is what it is for"))]

pub mod assignment;
pub mod balance;
pub mod beta;
pub mod calibration;
pub mod change_points;
pub mod chi_square;
pub mod clustered;
pub mod collinearity;
pub mod contrast;
pub mod cox;
pub mod design;
pub mod dose_response;
pub mod drift;
pub mod drivers;
pub mod effect;
pub mod estimate;
pub mod excess;
pub mod figure;
pub mod heterogeneity;
mod influence;
pub mod invitations;
pub mod iqx;
pub mod isotonic;
pub mod kaplan_meier;
pub mod keyness;
pub mod knee;
pub mod linear;
pub mod log_rank;
pub mod logistic;
pub mod moments;
pub mod multiplicity;
pub mod normal;
pub mod onset;
pub mod ordinal;
pub mod pairs;
pub mod parallel;
pub mod quantile;
pub mod raking;
pub mod response;
pub mod retention;
pub mod sample_size;
mod sandwich;
pub mod scale;
pub mod score;
pub mod sensitivity;
pub mod sequential;
pub mod share;
pub mod spell;
pub mod stability;
mod student;
pub mod survival_by_band;
pub mod two_sample;
pub mod unit_mean;
pub mod unit_share;
pub mod verdict;
pub mod waves;
pub mod weighing;
pub mod weights;
pub mod word_measures;

pub use balance::{Balance, balance};
pub use calibration::{Calibration, calibration};
pub use change_points::{ChangePoint, ChangePointError, ChangePoints, Period, change_points};
pub use clustered::{ClusteredMinutes, clustered_difference};
pub use collinearity::{Collinearity, collinearity};
pub use contrast::{Arm, Contrast, ContrastError};
pub use cox::{Clock, Cox, CoxError, CoxOptions, Proportionality, Ties, cox};
pub use design::{Covariate, Design, DesignError, Dropped};
pub use dose_response::{DoseResponse, DoseResponseError, dose_response};
pub use drift::{
    Coincidence, NetPromoter, STALE_AFTER_DAYS, Switched, TopBoxChange, coincides_with, net_promoter_difference, stale, top_box_change,
};
pub use drivers::{Driver, Drivers, DriversError, Findings, drivers};
pub use effect::{EffectAnswer, EffectError, Study, effect};
pub use estimate::{Confidence, Estimate};
pub use excess::{MIN_MINUTES, MIN_SESSIONS, Ranking, SliceExcess, rank};
pub use figure::{Figure, FigureError, Held, Rows};
pub use invitations::{Invitations, ResponseRate, response_rate};
pub use iqx::{Iqx, iqx};
pub use isotonic::{Direction, Isotonic, isotonic};
pub use kaplan_meier::{KaplanMeier, KaplanMeierError, RestrictedMean, Transform};
pub use keyness::{Keyness, KeynessError, Occurrence, keyness};
pub use knee::{Knee, knee};
pub use log_rank::{Groups, LogRank, LogRankError, log_rank};
pub use logistic::{Logistic, LogisticError, Penalty};
pub use moments::{Moments, mean, mean_difference};
pub use multiplicity::{benjamini_hochberg, benjamini_hochberg_level, holm, holm_levels};
pub use normal::{normal_above, normal_quantile};
pub use onset::{Minutes, Onset, onset};
pub use ordinal::{Ordinal, OrdinalError, ordinal};
pub use pairs::{Pairs, PairsError};
pub use quantile::UnitQuantile;
pub use raking::{Margin, Raked, rake};
pub use response::{Asked, Corrected, correct};
pub use retention::{Histories, Return};
pub use scale::{Instrument, Kind, Scale};
pub use score::{Answer, Scored, score};
pub use sensitivity::{Band, Silence};
pub use share::{Counts, difference, share};
pub use spell::{SpellError, Spells};
pub use stability::{Bursts, Objective, Stability, StabilityError, Verdict, stability};
pub use survival_by_band::{ByBand, ByBandError, by_band};
pub use two_sample::{MeanDifference, TwoSampleError, paired, ratio_of_means, welch};
pub use unit_mean::UnitMean;
pub use unit_share::UnitShare;
pub use waves::{WaveChange, WaveError, compare};
pub use weighing::Weighed;
pub use word_measures::{WordMeasure, WordMeasureError, word_measures};
