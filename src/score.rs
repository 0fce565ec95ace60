//! `qoe score`: one set of figures, each step of the E-model shown.

use std::io::Write;

use qoe_query::quality::{CodecTable, MOS_KIND, Score, ScoreInput, ScoreSteps, loss_ratio, score};
use serde_json::{Value, json};

/// The figures of a connection.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("delay").required(true).args(["one_way_ms", "rtt_ms"]))]
pub struct ScoreArgs {
    /// Delay from mouth to ear, ms.
    #[arg(long, value_name = "MS")]
    one_way_ms: Option<f64>,
    /// Round-trip time of the network, ms; half of it, the jitter buffer and 20 ms make the delay.
    #[arg(long, value_name = "MS")]
    rtt_ms: Option<f64>,
    /// Mean delay in the jitter buffer, ms, beside --rtt-ms.
    #[arg(long, value_name = "MS", requires = "rtt_ms")]
    jitter_buffer_ms: Option<f64>,
    /// Packets lost or discarded, as a ratio (0.05) or in percent (5%).
    #[arg(long, default_value = "0%")]
    loss: String,
    /// How clustered the loss is, from 1 (random).
    #[arg(long, value_name = "RATIO")]
    burst_ratio: Option<f64>,
    /// Codec, such as opus, pcmu or amr-wb-12.65-diotic.
    #[arg(long, default_value = "opus")]
    codec: String,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Scores and prints.
pub fn run(args: &ScoreArgs) -> anyhow::Result<()> {
    let input = ScoreInput {
        one_way_ms: args.one_way_ms,
        rtt_ms: args.rtt_ms,
        jitter_buffer_ms: args.jitter_buffer_ms,
        loss: loss_ratio(&args.loss)?,
        burst_ratio: args.burst_ratio,
        codec: &args.codec,
    };
    let steps = score(&input, &CodecTable::default())?;
    let mut out = std::io::stdout().lock();
    if args.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&as_json(&steps))?)?;
    } else {
        write!(out, "{}", as_text(&steps))?;
    }
    Ok(())
}

fn as_text(steps: &ScoreSteps) -> String {
    let mut text = String::new();
    for step in &steps.steps {
        text.push_str(&format!("{:>10} = {:<12} {:<44} {}\n", step.symbol, with_unit(step.value, step.unit), step.name, step.source));
    }
    text.push('\n');
    for result in [&steps.narrowband, &steps.wideband].into_iter().flatten() {
        let band = result.label.band;
        text.push_str(&format!("R {:.2}, {} {:.3} ({}, {MOS_KIND})\n", result.r.get(), band.mos_name(), result.mos.get(), band.code()));
        for assumption in &result.label.assumptions {
            text.push_str(&format!("  assumes: {assumption}\n"));
        }
    }
    if let Some(satisfaction) = steps.satisfaction {
        text.push_str(&format!("users: {}\n", satisfaction.words()));
    }
    let provisional = if steps.provisional { " (provisional planning values)" } else { "" };
    text.push_str(&format!("codec: {}{provisional}\n", steps.codec_source));
    text
}

fn with_unit(value: f64, unit: &str) -> String {
    let value = format!("{:.3}", value);
    if unit.is_empty() { value } else { format!("{value} {unit}") }
}

fn as_json(steps: &ScoreSteps) -> Value {
    let result = |score: &Score| json!({"band": score.label.band.code(), "r": score.r.get(), "mos": score.mos.get(), "mos_kind": MOS_KIND, "assumptions": score.label.assumptions});
    json!({
        "steps": steps.steps.iter().map(|step| json!({
            "symbol": step.symbol, "name": step.name, "value": step.value, "unit": step.unit, "source": step.source,
        })).collect::<Vec<_>>(),
        "narrowband": steps.narrowband.as_ref().map(result),
        "wideband": steps.wideband.as_ref().map(result),
        "satisfaction": steps.satisfaction.map(|satisfaction| satisfaction.words()),
        "codec_source": steps.codec_source,
        "provisional": steps.provisional,
    })
}
