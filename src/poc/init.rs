//! `qoe poc init`: a commented file to start from.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

use anyhow::Context as _;
use qoe_dashboards::Lang;
use qoe_query::poc::{Industry, Language, example};

use crate::exit::WrongUse;
use crate::satisfaction::{lang, spoken};

/// Where to, and for whom.
#[derive(Debug, clap::Args)]
pub struct InitArgs {
    /// The file to write.
    #[arg(default_value = "poc.toml")]
    file: PathBuf,
    /// Whose metrics, objectives and weights: finance, education, entertainment, ecommerce_live or traditional.
    #[arg(long, value_parser = industry, default_value = "traditional", value_name = "NAME")]
    industry: Industry,
    /// Language of the comments [default: zh if the locale is Chinese].
    #[arg(long, env = "QOE_LANG", value_parser = lang, value_name = "en|zh")]
    lang: Option<Lang>,
    /// Write over a file that is there.
    #[arg(long)]
    force: bool,
}

fn industry(text: &str) -> Result<Industry, String> {
    let names = Industry::ALL.map(Industry::name).join(", ");
    Industry::ALL.into_iter().find(|industry| industry.name() == text).ok_or_else(|| format!("{text:?} is none of {names}"))
}

/// Writes.
#[allow(clippy::print_stderr, reason = "what to do next is told beside the file")]
pub fn run(args: &InitArgs) -> anyhow::Result<()> {
    let language = match spoken(args.lang) {
        Lang::En => Language::English,
        Lang::Zh => Language::Chinese,
    };
    let mut options = OpenOptions::new();
    options.write(true);
    if args.force {
        options.create(true).truncate(true)
    } else {
        options.create_new(true)
    };
    let shown = args.file.display();
    let mut file = match options.open(&args.file) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(WrongUse(format!("{shown} is there already: name another file, or --force to write over it")).into());
        }
        opened => opened.with_context(|| format!("write {shown}"))?,
    };
    file.write_all(example(args.industry, language).as_bytes()).with_context(|| format!("write {shown}"))?;
    eprintln!("wrote {shown}: name the vendors and metrics in it, then qoe poc plan --poc {shown}");
    Ok(())
}
