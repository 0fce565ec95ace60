//! `qoe retention effect`.

use qoe_dashboards::{section, wire};
use qoe_query::relations::{self, Window};
use qoe_query::retention::effect::{EffectOutcome, EffectQuestion, KNOWN};
use qoe_query::retention::{DayClock, ReturnOn};
use qoe_query::satisfaction::Covariates;
use qoe_query::statistics::effect::{Estimand, Pairing, Trim};
use qoe_query::written;

use super::{BASELINE_S, DurationUnit, immortal, is_duration, per_minute, seconds};
use crate::data::DataArgs;
use crate::exit::WrongUse;
use crate::satisfaction::PrintArgs;

/// What is asked of what.
#[derive(Debug, clap::Args)]
pub struct EffectArgs {
    /// Who had it: a condition in SQL, such as "height >= 720".
    #[arg(long, value_name = "SQL")]
    treatment: String,
    /// What it may have done: a column, or d7 (there again on day 7), or d7+ (then or later).
    #[arg(long, value_name = "COL|dN|dN+")]
    outcome: String,
    /// Columns that were known before it and may have decided who had it [default of a store: network, device_class, platform, region, service,
    /// scenario, vendor, connect_ms].
    #[arg(long, value_name = "COL,...", value_delimiter = ',')]
    covariates: Vec<String>,
    /// Column with who a row is of [default for dN and of a store: user_id].
    #[arg(long, value_name = "COL")]
    user: Option<String>,
    /// For dN: column with when a session began.
    #[arg(long, value_name = "COL", default_value = "started_at")]
    time: String,
    /// The window at a session's start in which treatment and covariates were measured; of a store the one they are taken from [default: 60s]. For a file
    /// with a duration as the outcome it must be stated.
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    baseline: Option<u32>,
    /// Treatment and covariates were there before the session began, as what is set at random is: where a file's outcome is an amount, this or --baseline
    /// must be stated.
    #[arg(long)]
    known_before: bool,
    /// The outcome is how long the session lasted, whatever its name.
    #[arg(long)]
    duration: bool,
    /// The unit of the outcome, which is how long the session lasted; where its name does not say it, it must be stated.
    #[arg(long, value_enum, value_name = "UNIT")]
    duration_unit: Option<DurationUnit>,
    /// Whose effect: over everyone, or over those who had it.
    #[arg(long, value_enum, default_value_t = Whose::Ate)]
    estimand: Whose,
    /// Pairs equal in categories and close in propensity, or equal in every category and in the fifth of every number.
    #[arg(long, value_enum, default_value_t = Pairs::Propensity)]
    pairs: Pairs,
    /// Weights above this quantile of their group are held at it, such as 0.99 [default: none are].
    #[arg(long, value_name = "SHARE")]
    trim: Option<f64>,
    /// A claim to hold it against, such as 10.3%: so much more than without it.
    #[arg(long, value_parser = written::claim, value_name = "PERCENT", allow_hyphen_values = true)]
    claim: Option<f64>,
    /// For dN: the zone whose calendar counts the days.
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    tz: String,
    #[command(flatten)]
    print: PrintArgs,
    #[command(flatten)]
    data: DataArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Whose {
    Ate,
    Att,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Pairs {
    Propensity,
    Coarsened,
}

impl EffectArgs {
    fn outcome(&self) -> anyhow::Result<EffectOutcome> {
        if let Some((day, or_later)) = written::return_day(&self.outcome) {
            let clock = DayClock::calendar(&self.tz)
                .ok_or_else(|| WrongUse(format!("--tz {:?} is no zone of the time zone database: write Asia/Shanghai or UTC", self.tz)))?;
            return Ok(EffectOutcome::Return(ReturnOn { day, or_later, time: self.time.clone(), clock }));
        }
        if !self.duration && !is_duration(&self.outcome, self.duration_unit) {
            let vouched = self.known_before || self.baseline.is_some() || !self.data.is_file();
            return Ok(EffectOutcome::After { column: self.outcome.clone(), vouched });
        }
        let per_minute = per_minute(&self.outcome, self.duration_unit)?;
        let baseline = match (self.baseline, self.data.is_file()) {
            (Some(seconds), _) => seconds,
            (None, false) => BASELINE_S,
            (None, true) => {
                return Err(immortal(&self.treatment).into());
            }
        };
        Ok(EffectOutcome::Stay { column: self.outcome.clone(), per_minute, baseline_s: f64::from(baseline) })
    }

    fn covariates(&self) -> anyhow::Result<Covariates> {
        match (self.covariates.is_empty(), self.data.is_file()) {
            (false, _) => Ok(Covariates::Named(self.covariates.clone())),
            (true, false) => Ok(Covariates::Measured(KNOWN.iter().map(|name| (*name).to_owned()).collect())),
            (true, true) => Err(WrongUse(
                "name what was known before the treatment and may have decided who had it: --covariates network,device_class".into(),
            )
            .into()),
        }
    }
}

/// Asks and prints.
pub async fn run(args: EffectArgs) -> anyhow::Result<()> {
    let outcome = args.outcome()?;
    let covariates = args.covariates()?;
    let file = args.data.is_file();
    let returns = matches!(outcome, EffectOutcome::Return(_));
    let data = if returns { args.data.open_spanned().await? } else { args.data.open().await? };
    let condition = if returns { args.data.condition_within(&args.time) } else { args.data.condition() };
    let window = Window::First { seconds: args.baseline.unwrap_or(BASELINE_S) };
    let input = data.input(|period| relations::sessions(period, "csat", window)).await?;
    let visits = match returns && !file {
        true => Some(data.input(|period| relations::visits(period.until)).await?),
        false => None,
    };
    let question = EffectQuestion {
        treatment: args.treatment,
        outcome,
        covariates,
        user: args.user.or_else(|| (returns || !file).then(|| "user_id".to_owned())),
        estimand: match args.estimand {
            Whose::Ate => Estimand::Ate,
            Whose::Att => Estimand::Att,
        },
        pairing: match args.pairs {
            Pairs::Propensity => Pairing::Propensity,
            Pairs::Coarsened => Pairing::Coarsened,
        },
        trim: args.trim.map_or(Trim::None, Trim::Quantile),
        claim: args.claim,
        condition,
        level: args.print.level,
        seed: args.print.seed,
    };
    let answered = question.ask(&input, visits.as_ref()).await;
    let repeated = data.repeated();
    data.close().await;
    let asked = answered?;
    args.print.print_of(repeated, || wire::effect::effect(&asked), |lang| section::effect::effect(&asked, lang))
}

#[cfg(test)]
mod tests {
    use super::*;
    use qoe_query::relations::{LABELS, MEASURES};

    #[test]
    fn windows_are_read_as_people_write_them() {
        assert_eq!((seconds("60s"), seconds("90")), (Ok(60), Ok(90)));
    }

    #[test]
    fn what_a_store_is_asked_for_is_there() {
        assert!(KNOWN.iter().all(|name| LABELS.contains(name) || MEASURES.contains(name)));
    }
}
