use super::*;

fn read(family: &str, name: &str, pairs: &[(&str, &str)]) -> Option<Result<AnalysisAsked, ViewError>> {
    let pairs: Vec<(String, String)> = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    AnalysisAsked::read(family, name, &pairs, &Filter::default())
}

fn analysis(family: &str, name: &str, pairs: &[(&str, &str)]) -> Analysis {
    read(family, name, pairs).unwrap().unwrap().analysis
}

#[test]
fn an_address_asks_for_one_analysis() {
    let curve = read("satisfaction", "curve", &[("measure", "rtt_ms"), ("level", "0.9"), ("f.vendor", "aurora")]).unwrap().unwrap();
    assert_eq!(curve.level.level(), 0.9);
    let Analysis::Curve(curve) = curve.analysis else { panic!("a curve") };
    assert_eq!((curve.measure.as_str(), curve.outcome.as_str()), ("rtt_ms", "score"));
    assert!(read("retention", "score", &[]).is_none() && read("satisfaction", "joy", &[]).is_none());
}

/// Programs can ask what people at a terminal can.
#[test]
fn an_address_takes_what_its_command_takes() {
    let flags = [
        ("treatment", "height>=720"),
        ("outcome", "minutes"),
        ("covariates", "network,device_class"),
        ("baseline", "30s"),
        ("estimand", "att"),
    ];
    let Analysis::Effect { question, baseline_s } = analysis("retention", "effect", &flags) else { panic!("an effect") };
    assert_eq!((question.treatment.as_str(), baseline_s, question.estimand), ("height >= 720", 30, Estimand::Att));
    assert_eq!(question.outcome, EffectOutcome::Stay { column: "minutes".into(), per_minute: 1.0, baseline_s: 30.0 });
    assert_eq!(question.covariates, Covariates::Named(vec!["network".into(), "device_class".into()]));
    let Analysis::Effect { question, .. } = analysis("retention", "effect", &[("treatment", "rtt_ms>=250"), ("outcome", "d30+")]) else {
        panic!("an effect")
    };
    assert!(matches!(question.outcome, EffectOutcome::Return(ReturnOn { day: 30, or_later: true, .. })));
    let Analysis::Cohorts(cohorts) =
        analysis("retention", "cohorts", &[("days", "3,14"), ("definition", "unbounded"), ("band", "rtt_ms:250")])
    else {
        panic!("cohorts")
    };
    assert_eq!((cohorts.days.len(), cohorts.split.as_ref().map(Split::column)), (2, Some("rtt_ms")));
    let Analysis::Correct(correct) = analysis("satisfaction", "correct", &[("covariates", "rtt_ms"), ("target", "0.8")]) else {
        panic!("a correction")
    };
    assert_eq!((correct.target, correct.covariates), (Some(0.8), Covariates::Named(vec!["rtt_ms".into()])));
    let Analysis::Drivers(drivers) =
        analysis("satisfaction", "drivers", &[("measures", "rtt_ms"), ("confounders", "network"), ("step", "rtt_ms=50")])
    else {
        panic!("drivers")
    };
    assert_eq!((drivers.steps.len(), drivers.confounders), (1, Covariates::Named(vec!["network".into()])));
    let Analysis::Stability(stability) = analysis("satisfaction", "stability", &[("target", "0.999"), ("by", "industry")]) else {
        panic!("stability")
    };
    assert_eq!((stability.target.share(), stability.targets, stability.by), (0.999, None, vec!["industry".to_owned()]));
    let Analysis::Drift(drift) = analysis("satisfaction", "drift", &[("wave", "2w")]) else { panic!("drift") };
    assert_eq!(drift.wave_days, 14);
    let Analysis::Survival(survival) = analysis("retention", "survival", &[("by", "network"), ("covariates", "rtt_ms")]) else {
        panic!("survival")
    };
    assert_eq!(
        (survival.split, survival.baseline.map(|of| of.seconds)),
        (Some(Split::By("network".into())), Some(60)),
        "a measure is of the first seconds"
    );
    let score = read("satisfaction", "score", &[("by", "scenario"), ("dimension", "stability")]).unwrap().unwrap();
    let Analysis::Score(question) = &score.analysis else { panic!("a score") };
    assert_eq!(about(&score.of, &question.by), "stability");
    assert_eq!(about(&score.of, &["dimension".to_owned()]), EVERY_DIMENSION);
}

#[test]
fn nonsense_is_told_from_what_can_be_asked() {
    for (family, name, pairs, hint) in [
        ("satisfaction", "curve", &[][..], "name a measure"),
        ("satisfaction", "curve", &[("measure", "score); drop")], "use one of connect_ms"),
        ("satisfaction", "score", &[("level", "2")], "such as 0.95"),
        ("satisfaction", "score", &[("measure", "rtt_ms")], "unknown parameter measure"),
        ("satisfaction", "score", &[("by", "colour")], "use one or more of vendor"),
        ("satisfaction", "correct", &[("by", "dimension")], "use one or more of vendor"),
        ("satisfaction", "correct", &[("covariates", "1=1")], "use one or more of vendor"),
        ("satisfaction", "stability", &[("target", "100%")], "write 0.9999 or 99.99%"),
        ("satisfaction", "drift", &[("seed", "-1")], "whole number"),
        ("satisfaction", "drift", &[("wave", "soon")], "write 30d or 4w"),
        ("satisfaction", "words", &[("since", "soon")], "30d"),
        ("retention", "effect", &[("treatment", "1=1")], "rtt_ms>=250"),
        ("retention", "effect", &[("treatment", "rtt_ms>=250"), ("estimand", "all")], "ate or att"),
        ("retention", "cohorts", &[("band", "rtt_ms:NaN")], "no finite number"),
        ("retention", "cohorts", &[("band", "user_id:3")], "use a measure"),
        ("retention", "cohorts", &[("days", "7"), ("definition", "bracket:1-7")], "says nothing"),
    ] {
        let error = read(family, name, pairs).unwrap().unwrap_err().to_string();
        assert!(error.contains(hint), "{name} {pairs:?}: {error}");
    }
}
