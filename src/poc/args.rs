//! A POC as a command is told of it: by a file that was written before, or by flags.

use std::path::PathBuf;

use qoe_query::frame::Input;
use qoe_query::poc::{Columns, Metric, Poc, Randomised, Rank, Stopping, allocation_fits, metric::with_margins};
use qoe_query::relations;

use crate::data::{Data, DataArgs};
use crate::exit::WrongUse;
use crate::satisfaction::PrintArgs;

/// Who is compared, by what, and where it is read.
#[derive(Debug, Clone, clap::Args)]
pub struct PocArgs {
    /// The POC as it was written down (`qoe poc init` writes one); the flags that say the same are then left out.
    #[arg(long, value_name = "FILE")]
    poc: Option<PathBuf>,
    /// Column that tells vendors apart [default: vendor].
    #[arg(long, value_name = "COL", conflicts_with = "poc")]
    arm: Option<String>,
    /// Only these vendors, in this order [default: all that are found].
    #[arg(long, value_name = "NAME,...", value_delimiter = ',', conflicts_with = "poc")]
    arms: Vec<String>,
    /// The share of units each vendor was to get, in the order of --arms [default: alike].
    #[arg(long, value_name = "SHARE,...", value_delimiter = ',', requires = "arms", conflicts_with = "poc")]
    allocation: Vec<f64>,
    /// Column with whose rows go together, such as user_id [default: of a store user_id; of a file, each row is its own].
    #[arg(long, value_name = "COL", conflicts_with = "poc")]
    unit: Option<String>,
    /// Column whose equal values are a pair: one run of each vendor under the same conditions.
    #[arg(long, value_name = "COL", conflicts_with = "poc")]
    pair: Option<String>,
    /// Column of circumstances within which vendors are compared, such as region; again for more.
    #[arg(long = "stratum", value_name = "COL", conflicts_with = "poc")]
    strata: Vec<String>,
    /// Column with when a session began [default: of a store started_at].
    #[arg(long, value_name = "COL", conflicts_with = "poc")]
    time: Option<String>,
    /// Column with which session a row is of [default: of a store session_id].
    #[arg(long, value_name = "COL", conflicts_with = "poc")]
    session: Option<String>,
    /// What the decision hangs on: a column and whether lower or higher is better, a name before it and a kind behind it where needed, such as p95=connect_ms:lower:p95; again for more.
    #[arg(long = "metric", value_name = "METRIC", value_parser = metric, conflicts_with = "poc")]
    metrics: Vec<Metric>,
    /// What is looked at too, written alike; again for more.
    #[arg(long = "secondary", value_name = "METRIC", value_parser = metric, conflicts_with = "poc")]
    secondary: Vec<Metric>,
    /// The difference that matters in a metric, in its unit; again for more.
    #[arg(long = "margin", value_name = "NAME=VALUE", value_parser = named, conflicts_with = "poc")]
    margins: Vec<(String, f64)>,
    /// What was given to a vendor by chance [default: paired with --pair, user with --unit, else call].
    #[arg(long, value_name = "user|call|paired", conflicts_with = "poc")]
    randomised: Option<Randomised>,
    /// How often a difference that matters is to be found [default: 0.8].
    #[arg(long, value_name = "SHARE", value_parser = power, conflicts_with = "poc")]
    power: Option<f64>,
    /// How long it runs at least, days [default: 0].
    #[arg(long, value_name = "DAYS", value_parser = days, conflicts_with = "poc")]
    minimum_days: Option<f64>,
    #[command(flatten)]
    pub print: PrintArgs,
    #[command(flatten)]
    pub data: DataArgs,
}

fn metric(text: &str) -> Result<Metric, String> {
    Metric::parse(text).map_err(|error| error.to_string())
}

fn named(text: &str) -> Result<(String, f64), String> {
    let refused = || format!("{text:?} is no margin: write NAME=VALUE, such as connect_ms=50");
    let (name, value) = text.split_once('=').ok_or_else(refused)?;
    Ok((name.trim().to_owned(), value.trim().parse().map_err(|_| refused())?))
}

fn power(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|power| *power > 0.0 && *power < 1.0).ok_or_else(|| format!("{text:?} is no share between 0 and 1: write 0.8"))
}

fn days(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|days| (0.0..=3650.0).contains(days)).ok_or_else(|| format!("{text:?} is no number of days from 0 to 3650"))
}

impl PocArgs {
    /// The POC that is meant: the file's, or the flags'.
    pub fn poc(&self) -> anyhow::Result<Poc> {
        if let Some(path) = &self.poc {
            let poc = Poc::read(path)?;
            // A level stated beside the file's would contradict it.
            if self.print.level != Default::default() && self.print.level != poc.level {
                let stated = poc.level.level();
                return Err(WrongUse(format!(
                    "--level {}: {} states {stated}; leave --level out",
                    self.print.level.level(),
                    path.display()
                ))
                .into());
            }
            return Ok(poc);
        }
        let stored = |column: &str| (!self.data.is_file()).then(|| column.to_owned());
        let columns = Columns {
            arm: self.arm.clone().unwrap_or_else(|| "vendor".to_owned()),
            unit: self.unit.clone().or_else(|| stored("user_id")),
            pair: self.pair.clone(),
            strata: self.strata.clone(),
            time: self.time.clone().or_else(|| stored("started_at")),
            session: self.session.clone().or_else(|| stored("session_id")),
        };
        Ok(Poc {
            name: "POC".to_owned(),
            allocation: self.allocation()?,
            arms: self.arms.clone(),
            services: Vec::new(),
            scenarios: Vec::new(),
            randomised: self.randomised(&columns)?,
            columns,
            metrics: self.metrics()?,
            claims: Vec::new(),
            minimum_days: self.minimum_days.unwrap_or(0.0),
            stopping: Stopping::Fixed,
            level: self.print.level,
            power: self.power.unwrap_or(0.8),
            scorecard: Default::default(),
        })
    }

    /// The file, or the sessions of the store, open.
    pub async fn open(&self) -> anyhow::Result<(Data, Input)> {
        let data = self.data.open_as_is().await?;
        let input = data.input(relations::poc_sessions).await?;
        Ok((data, input))
    }

    /// The condition in SQL that keeps the rows asked about: the POC's, --where, and of a file what --since and --until say by the column of times.
    pub fn condition(&self, poc: &Poc) -> Result<Option<String>, WrongUse> {
        Ok(poc.condition(self.asked(poc)?.as_deref()))
    }

    /// The same without the POC's.
    pub fn asked(&self, poc: &Poc) -> Result<Option<String>, WrongUse> {
        let ends = if self.data.is_file() { self.data.ends() } else { [None, None] };
        let mut parts: Vec<String> = self.data.condition().into_iter().map(|condition| format!("({condition})")).collect();
        for (end, sign) in ends.into_iter().zip([">=", "<"]) {
            let Some(end) = end else { continue };
            let time = poc.columns.time.as_ref().ok_or_else(|| {
                WrongUse(
                    "--since and --until: which column of the file says when? name it, such as --time started_at, or leave them out".into(),
                )
            })?;
            let named = time.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | ' ' | '.'));
            let time = if named { format!("\"{time}\"") } else { time.clone() };
            parts.push(format!("to_timestamp_millis({time}) {sign} to_timestamp_millis('{}')", end.to_rfc3339()));
        }
        Ok((!parts.is_empty()).then(|| parts.join(" AND ")))
    }

    fn allocation(&self) -> Result<Option<Vec<f64>>, WrongUse> {
        if self.arms.len() == 1 {
            return Err(WrongUse(format!("--arms {}: a POC compares two vendors or more", self.arms[0])));
        }
        if self.allocation.is_empty() {
            return Ok(None);
        }
        allocation_fits(&self.arms, &self.allocation).map_err(|what| WrongUse(format!("--allocation: {what}")))?;
        Ok(Some(self.allocation.clone()))
    }

    fn randomised(&self, columns: &Columns) -> Result<Randomised, WrongUse> {
        match self.randomised {
            Some(Randomised::PairedRun) if columns.pair.is_none() => {
                Err(WrongUse("--randomised paired: name the column whose equal values are a pair: --pair run".into()))
            }
            Some(Randomised::User) if columns.unit.is_none() => {
                Err(WrongUse("--randomised user: name the column with who a row is of: --unit user_id".into()))
            }
            Some(stated) => Ok(stated),
            None if columns.pair.is_some() => Ok(Randomised::PairedRun),
            // That a store knows its users does not say that users were drawn.
            None if self.unit.is_some() => Ok(Randomised::User),
            None => Ok(Randomised::Call),
        }
    }

    fn metrics(&self) -> anyhow::Result<Vec<Metric>> {
        if let Some(both) = self.metrics.iter().find(|metric| self.secondary.iter().any(|other| other.name == metric.name)) {
            return Err(WrongUse(format!("{:?} is both --metric and --secondary: a metric decides or does not", both.name)).into());
        }
        let secondary = self.secondary.iter().cloned().map(|metric| Metric { rank: Rank::Secondary, ..metric });
        Ok(with_margins(self.metrics.iter().cloned().chain(secondary).collect(), &self.margins)?)
    }
}
