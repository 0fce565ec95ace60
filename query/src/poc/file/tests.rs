//! What a file may say, and what is refused with its line.

use super::*;
use crate::poc::example::{Industry, Language, example};
use crate::poc::spec::{Hypothesis, Side};

/// The example with a change, and what is said of it.
#[track_caller]
fn refused(from: &str, to: &str, line_of: &str, said: &str) {
    let text = example(Industry::Finance, Language::English);
    assert!(text.contains(from), "{from:?} is not in the example");
    let text = text.replacen(from, to, 1);
    let error = Poc::parse(&text).unwrap_err();
    let PocFileError::Refused { line, .. } = &error else { panic!("{error}") };
    assert!(error.to_string().contains(said), "{said:?} is not in {error}");
    let found = text.lines().nth(line - 1).unwrap();
    assert!(found.contains(line_of), "line {line} is {found:?}, not that of {line_of:?}");
}

#[test]
fn a_poc_reads_as_it_is_written() {
    let poc = Poc::parse(&example(Industry::Finance, Language::English)).unwrap();
    assert_eq!(
        (poc.arms.as_slice(), poc.allocation.as_deref()),
        (&["vendor_a".to_owned(), "vendor_b".to_owned()][..], Some(&[0.5, 0.5][..]))
    );
    assert_eq!((poc.columns.arm.as_str(), poc.columns.unit.as_deref(), poc.randomised), ("vendor", Some("user_id"), Randomised::User));
    assert_eq!((poc.minimum_days, poc.stopping, poc.power), (14.0, Stopping::Fixed, 0.8));
    assert_eq!(poc.metrics[1].kind, MetricKind::Quantile(0.95));
    assert!(matches!(&poc.claims[1].hypothesis, Hypothesis::Quantiles { quantiles, side: Side::AtMost, .. } if quantiles == &[0.5, 0.95]));
    assert_eq!(poc.condition(None).as_deref(), Some("service IN ('video_call')"));
}

#[test]
fn contradictions_name_their_line_and_what_mends_them() {
    refused("[\"vendor_a\", \"vendor_b\"]", "[\"vendor_a\"]", "arms =", "compares two vendors or more");
    refused("[\"vendor_a\", \"vendor_b\"]", "[\"vendor_a\", \"vendor_a\"]", "arms =", "named twice");
    refused("[0.5, 0.5]", "[0.5, 0.4]", "allocation", "add up to 0.9 and not to 1");
    refused("[0.5, 0.5]", "[1.0]", "allocation", "1 shares for 2 vendors");
    refused("[0.5, 0.5]", "[1.5, -0.5]", "allocation", "is no share of a vendor");
    refused("margin = 100", "margin = -100", "margin = -100", "primary \"connect_p95\".margin: -100 is no difference that matters");
    refused("name = \"connect_p95\"", "name = \"joined\"", "name = \"joined\"", "is stated twice");
    refused("name = \"freeze_ratio\"", "name = \"joined\"", "name = \"joined\"", "both primary and secondary");
    refused(
        "name = \"connect_p95\"\nwhat = \"connect_ms\"\nbetter = \"lower\"\nkind = \"p95\"",
        "name = \"x\"\nwhat = \"joined\"\nbetter = \"lower\"\nkind = \"share\"",
        "name = \"x\"",
        "is the same as \"joined\"",
    );
    refused("unit = \"user_id\"", "# unit", "randomised", "state columns.unit");
    refused("randomised = \"user\"", "randomised = \"paired\"", "randomised", "state columns.pair");
    refused("randomised = \"user\"", "randomised = \"coin\"", "randomised", "write user, call or paired");
    refused("stopping = \"fixed\"", "stopping = \"any_time\"", "stopping", "state narrowest_at");
    refused("# narrowest_at", "narrowest_at", "narrowest_at", "a fixed end has no place");
    refused("level = 0.95", "level = 95", "level", "95 is no level");
    refused("power = 0.8", "power = 1", "power", "is no share between 0 and 1");
    refused("minimum_days = 14", "minimum_days = -1", "minimum_days", "no number of days");
    refused("strata = [\"region\", \"network\"]", "strata = [\"region\", \"region\"]", "strata", "twice");
    refused("at_least = 0.9999", "at_least = 1", "at_least = 1", "a share that can be shown");
    refused("at_least = 0.9999", "at_least = 0.9, at_most = 1", "at_most", "state one bound");
    refused("quantiles = [0.5, 0.95]", "quantiles = [0.0]", "quantiles", "lie between 0 and 1");
    refused("arm = \"vendor_a\"\nquantiles", "arm = \"vendor_c\"\nquantiles", "vendor_c", "is no vendor of this POC");
}

#[test]
fn what_nothing_reads_is_refused_with_its_line() {
    refused("power = 0.8", "powr = 0.8", "powr", "unknown field `powr`");
    refused("[scope]", "[scoped]", "[scoped]", "unknown field `scoped`");
    refused("kind = \"share\"", "kind = 3", "kind = 3", "invalid type");
    refused("better = \"higher\"", "better = \"more\"", "better = \"more\"", "write \"lower\" or \"higher\"");
    refused("kind = \"share\"", "kind = \"middle\"", "kind = \"middle\"", "nothing that can be compared");
    refused("[0.5, 0.5]", "[0.5, 0.5", "", "line ");
}

#[test]
fn weights_have_reasons_and_sum_to_something() {
    let with = |more: &str| Poc::parse(&format!("{}\n{more}", example(Industry::Finance, Language::Chinese)));
    let weight =
        |weight: &str, reason: &str| format!("[[scorecard.weight]]\ndimension = \"price\"\nweight = {weight}\nreason = \"{reason}\"\n");
    assert!(with(&weight("0", "so")).unwrap_err().to_string().contains("sum to nothing"));
    assert!(with(&weight("-1", "so")).unwrap_err().to_string().contains("is no weight"));
    assert!(with(&weight("1", " ")).unwrap_err().to_string().contains("say why"));
    assert!(with(&format!("{0}{0}", weight("1", "so"))).unwrap_err().to_string().contains("weighed twice"));
    let poc = with("[[scorecard.fact]]\narm = \"vendor_b\"\ndimension = \"integration\"\nitem = \"first_call_h\"\nvalue = 12\n").unwrap();
    assert_eq!(poc.scorecard.facts[0].value, 12.0);
    assert!(
        with("[[scorecard.fact]]\narm = \"c\"\ndimension = \"x\"\nitem = \"y\"\nvalue = true\n")
            .unwrap_err()
            .to_string()
            .contains("no vendor")
    );
}

#[test]
fn a_file_that_is_not_there_says_which() {
    assert!(Poc::read(Path::new("/nowhere/poc.toml")).unwrap_err().to_string().contains("/nowhere/poc.toml"));
}

#[test]
fn a_claim_may_be_about_every_part() {
    let with = |more: &str| {
        let text = example(Industry::Finance, Language::English);
        Poc::parse(&text.replacen("share = { what = \"joined\"", &format!("{more}\nshare = {{ what = \"joined\""), 1))
    };
    let poc = with("every = \"region\"\nof = [\"eu\", \"us\"]").unwrap();
    assert!(matches!(&poc.claims[0].hypothesis, Hypothesis::Everywhere { by, of, .. } if by == "region" && of.len() == 2));
    assert!(with("of = [\"eu\"]").unwrap_err().to_string().contains("state every too"));
}
