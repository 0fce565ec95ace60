//! Worlds of returns, departures and hazards.

use qoe_statistics::log_rank::Groups;
use qoe_statistics::retention::{Events, Newcomers, Observed, curve};
use qoe_statistics::share::share;
use qoe_statistics::{
    Clock, Confidence, Covariate, Cox, CoxOptions, Design, Estimate, Histories, KaplanMeier, RestrictedMean, Return, Spells, cox, log_rank,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::harness::{Trial, play};

const P95: Confidence = Confidence::P95;

fn dice(world: u64, seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(world << 32 | seed)
}

/// A time until an event that comes at a constant rate.
fn exponential(dice: &mut ChaCha8Rng, rate: f64) -> f64 {
    -(1.0 - dice.random::<f64>()).ln() / rate
}

/// A standard normal deviate, by Box and Muller.
fn normal(dice: &mut ChaCha8Rng) -> f64 {
    (-2.0 * (1.0 - dice.random::<f64>()).ln()).sqrt() * (std::f64::consts::TAU * dice.random::<f64>()).cos()
}

/// `n` lives of an event of this rate, watched for a while between 0 and `watch`.
fn lives(dice: &mut ChaCha8Rng, n: usize, rate: f64, watch: f64) -> (Vec<f64>, Vec<bool>) {
    let mut life = || {
        let (time, until) = (exponential(dice, rate), dice.random_range(0.0..watch));
        (time.min(until), time <= until)
    };
    (0..n).map(|_| life()).unzip()
}

fn kaplan_meier((exit, event): &(Vec<f64>, Vec<bool>)) -> KaplanMeier {
    KaplanMeier::new(&Spells::new(exit, event).unwrap()).unwrap()
}

#[test]
fn survival_at_a_time_is_covered() {
    for (name, n, time) in [
        ("survival at a time, 100 lives, early", 100, 0.3_f64),
        ("survival at a time, 100 lives, middle", 100, 0.7),
        ("survival at a time, 400 lives, late", 400, 1.5),
    ] {
        play(name, |seed| {
            let curve = kaplan_meier(&lives(&mut dice(n as u64, seed), n, 1.0, 3.0));
            Trial { truth: (-time).exp(), estimate: curve.at(time, P95) }
        })
        .covers_as_it_says();
    }
}

/// With hardly an event coverage goes up and down with the time that is asked for, as a binomial's does; so the time is drawn too. Before the first event
/// the interval is Wilson's of no event, which is wider than it need be.
#[test]
fn survival_around_the_first_event_is_covered() {
    play("survival at a time, 40 lives, hardly an event", |seed| {
        let mut dice = dice(1, seed);
        let time = dice.random_range(0.0..0.08_f64);
        Trial { truth: (-time).exp(), estimate: kaplan_meier(&lives(&mut dice, 40, 1.0, 3.0)).at(time, P95) }
    })
    .covers_at_least();
}

/// Who has much to say is seen more often; weights by the reciprocal put that right, and their variance is the jackknife's.
#[test]
fn weighted_survival_is_covered() {
    play("survival at a time, weighted by the chance to be seen", |seed| {
        let mut dice = dice(2, seed);
        let (mut exit, mut event, mut weight) = (Vec::new(), Vec::new(), Vec::new());
        while exit.len() < 300 {
            let poor = dice.random_bool(0.5);
            let (rate, seen) = if poor { (2.0, 0.8) } else { (0.5, 0.2) };
            let (time, until) = (exponential(&mut dice, rate), dice.random_range(0.0..3.0_f64));
            if dice.random_bool(seen) {
                exit.push(time.min(until));
                event.push(time <= until);
                weight.push(1.0 / seen);
            }
        }
        let spells = Spells::new(&exit, &event).unwrap().weighing(&weight).unwrap();
        let truth = ((-2.0_f64).exp() + (-0.5_f64).exp()) / 2.0;
        Trial { truth, estimate: KaplanMeier::new(&spells).unwrap().at(1.0, P95) }
    })
    .covers_as_it_says();
}

/// Only those still without the event at their entry are ever seen.
#[test]
fn survival_with_late_entries_is_covered() {
    play("survival at a time, entered late", |seed| {
        let mut dice = dice(3, seed);
        let (mut entry, mut exit, mut event) = (Vec::new(), Vec::new(), Vec::new());
        while exit.len() < 300 {
            let late = if dice.random_bool(0.4) { 0.0 } else { dice.random_range(0.0..1.0_f64) };
            let (time, until) = (exponential(&mut dice, 1.0), late + dice.random_range(0.01..2.0_f64));
            if time > late {
                entry.push(late);
                exit.push(time.min(until));
                event.push(time <= until);
            }
        }
        let spells = Spells::new(&exit, &event).unwrap().entering(&entry).unwrap();
        Trial { truth: (-1.0_f64).exp(), estimate: KaplanMeier::new(&spells).unwrap().at(1.0, P95) }
    })
    .covers_as_it_says();
}

#[test]
fn medians_are_covered() {
    play("median time, 200 lives", |seed| {
        let median = kaplan_meier(&lives(&mut dice(4, seed), 200, 1.0, 3.0)).median(P95);
        let estimate = median.value.zip(median.low).map(|(value, low)| Estimate {
            value,
            low,
            high: median.high.unwrap_or(f64::INFINITY),
            n: median.n,
        });
        Trial { truth: std::f64::consts::LN_2, estimate }
    })
    .covers_as_it_says();
}

#[test]
fn differences_of_restricted_means_are_covered_and_none_is_seldom_called() {
    let world = |id: u64, rate: f64| {
        move |seed: u64| {
            let mut dice = dice(id, seed);
            let mean = |lives: &(Vec<f64>, Vec<bool>)| kaplan_meier(lives).restricted_mean(2.0, P95).unwrap();
            let first = mean(&lives(&mut dice, 150, rate, 4.0));
            let second = mean(&lives(&mut dice, 200, 1.0, 5.0));
            let truth = |rate: f64| (1.0 - (-2.0 * rate).exp()) / rate;
            Trial { truth: truth(rate) - truth(1.0), estimate: RestrictedMean::difference(&first, &second, P95) }
        }
    };
    play("difference of restricted means", world(5, 0.6)).covers_as_it_says();
    play("difference of restricted means, none", world(6, 1.0)).covers_as_it_says().calls_nothing(0.0);
}

/// Lives whose hazard goes with a number and with an indicator, in whole days and censored, so that most events are tied.
fn tied(dice: &mut ChaCha8Rng, n: usize, slopes: [f64; 2], clock: Option<Clock>) -> Cox {
    let x: Vec<f64> = (0..n).map(|_| normal(dice)).collect();
    let poor: Vec<f64> = (0..n).map(|_| f64::from(u8::from(dice.random_bool(0.3)))).collect();
    let (mut exit, mut event) = (Vec::new(), Vec::new());
    for i in 0..n {
        let time = 20.0 * exponential(dice, (slopes[0] * x[i] + slopes[1] * poor[i]).exp());
        let until = dice.random_range(0.0..40.0_f64);
        exit.push(time.min(until).ceil());
        event.push(time.ceil() <= until.ceil());
    }
    let design = Design::new(n, &[Covariate::numeric("x", &x), Covariate::numeric("poor", &poor)]).unwrap().raw();
    cox(&design, &Spells::new(&exit, &event).unwrap(), CoxOptions { proportionality: clock, ..CoxOptions::default() }).unwrap()
}

#[test]
fn hazards_with_ties_and_censoring_are_covered_and_none_is_seldom_called() {
    let world = |id: u64, slope: f64, column: usize| {
        move |seed: u64| {
            let slopes = [0.4, slope];
            Trial { truth: slopes[column], estimate: tied(&mut dice(id, seed), 250, slopes, None).coefficient(column, P95) }
        }
    };
    play("hazard of a number, tied and censored", world(7, -0.6, 0)).covers_as_it_says();
    play("hazard of an indicator, tied and censored", world(8, -0.6, 1)).covers_as_it_says();
    play("hazard of an indicator, none", world(9, 0.0, 1)).covers_as_it_says().calls_nothing(0.0);
}

/// A p-value as something that calls, or does not call, nothing something.
fn called(p_value: f64) -> Trial {
    let half = if p_value < 0.05 { 0.5 } else { 2.0 };
    Trial { truth: 0.0, estimate: Some(Estimate { value: 1.0, low: 1.0 - half, high: 1.0 + half, n: 1 }) }
}

#[test]
fn proportional_hazards_are_seldom_called_anything_else() {
    for (name, id, clock, column) in [
        ("proportional hazards, by rank, a number", 10, Clock::Rank, Some(0)),
        ("proportional hazards, by rank, an indicator", 11, Clock::Rank, Some(1)),
        ("proportional hazards, by rank, together", 12, Clock::Rank, None),
        ("proportional hazards, by Kaplan-Meier, together", 13, Clock::KaplanMeier, None),
    ] {
        play(name, |seed| {
            let test = tied(&mut dice(id, seed), 250, [0.4, -0.6], Some(clock)).proportionality.unwrap();
            called(column.map_or(test.p_value, |column: usize| test.columns[column].p_value))
        })
        .calls_nothing(0.0);
    }
}

/// Each person has a quality of network for good and a temper of their own, and several calls; the temper makes their calls alike.
///
/// The truth of the model that knows nothing of tempers is the log hazard ratio it tends to, found here by a very large sample, or 0.
#[test]
fn hazards_of_calls_that_belong_to_people_are_covered_by_clusters_alone() {
    let world = |people: usize, slope: f64, dice: &mut ChaCha8Rng, clustered: bool| {
        let (mut x, mut exit, mut event, mut whose) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for person in 0..people {
            let (network, temper) = (normal(dice), 0.7 * normal(dice));
            for _ in 0..1 + dice.random_range(0..5) {
                let time = exponential(dice, (slope * network + temper).exp());
                let until = dice.random_range(0.0..3.0_f64);
                x.push(network);
                exit.push(time.min(until));
                event.push(time <= until);
                whose.push(person as u64);
            }
        }
        let design = Design::new(x.len(), &[Covariate::numeric("network", &x)]).unwrap().raw();
        let options = CoxOptions { clusters: clustered.then_some(whose.as_slice()), ..CoxOptions::default() };
        cox(&design, &Spells::new(&exit, &event).unwrap(), options).unwrap().coefficient(0, P95)
    };
    let limit = world(120_000, 0.5, &mut dice(14, 1 << 31), false).unwrap().value;
    play("hazard by person, 200 people, by clusters", |seed| Trial { truth: limit, estimate: world(200, 0.5, &mut dice(14, seed), true) })
        .covers_as_it_says();
    play("hazard by person, none, by clusters", |seed| Trial { truth: 0.0, estimate: world(200, 0.0, &mut dice(15, seed), true) })
        .covers_as_it_says()
        .calls_nothing(0.0);
    // Without clusters calls are taken for strangers' calls.
    play("hazard by person, none, as if of strangers (must fail)", |seed| Trial {
        truth: 0.0,
        estimate: world(200, 0.0, &mut dice(15, seed), false),
    })
    .covers(0.5, 0.92);
}

#[test]
fn groups_alike_are_seldom_called_different() {
    for (name, groups) in [("log-rank of two groups alike", 2_u32), ("log-rank of four groups alike", 4)] {
        play(name, |seed| {
            let mut dice = dice(16 + u64::from(groups), seed);
            let (exit, event) = lives(&mut dice, 160, 1.0, 3.0);
            let days: Vec<f64> = exit.iter().map(|exit| (exit * 10.0).ceil()).collect();
            let codes: Vec<u32> = (0..160).map(|_| dice.random_range(0..groups)).collect();
            let labels: Vec<String> = (0..groups).map(|group| group.to_string()).collect();
            let test = log_rank(&Spells::new(&days, &event).unwrap(), Groups { codes: &codes, labels: &labels, strata: None });
            called(test.unwrap().p_value)
        })
        .calls_nothing(0.0);
    }
}

/// New users on every one of 30 days, each active on any later day with the same chance.
const ACTIVE: f64 = 0.3;
const DAYS: i32 = 30;

/// Users' shares on day 7, as it is told, and as it would be if days to come were days without activity.
fn day_seven(seed: u64) -> (Option<Estimate>, Option<Estimate>) {
    let mut dice = dice(30, seed);
    let (mut users, mut days) = (Vec::new(), Vec::new());
    for user in 0..300_u32 {
        let first = dice.random_range(0..DAYS);
        for day in first..DAYS {
            if day == first || dice.random_bool(ACTIVE) {
                users.push(user);
                days.push(day);
            }
        }
    }
    let observed = Observed { first: 0, last: DAYS - 1 };
    let histories = Histories::by_calendar_day(Events { users: &users, at: &days }, observed, Newcomers::ByFirstEvent).unwrap();
    let cell = curve(&histories, &[Return::On(7)], P95).remove(0);
    (cell.share, share(cell.counts.hits, 300, P95))
}

#[test]
fn retention_is_covered_and_would_not_be_if_days_to_come_counted_as_absence() {
    play("retention on day 7, young cohorts unknown", |seed| Trial { truth: ACTIVE, estimate: day_seven(seed).0 }).covers_as_it_says();
    let naive =
        play("retention on day 7, young cohorts taken for 0 (must fail)", |seed| Trial { truth: ACTIVE, estimate: day_seven(seed).1 });
    naive.covers(0.0, 0.60);
    assert!(naive.bias() < -0.05, "{}", naive.bias());
}

/// Newcombe's interval for the difference of two groups' shares.
#[test]
fn differences_of_retention_are_covered() {
    use qoe_statistics::retention::curves_by_group;
    play("difference of retention on day 7, none", |seed| {
        let mut dice = dice(31, seed);
        let (mut users, mut days, mut codes) = (Vec::new(), Vec::new(), Vec::new());
        for user in 0..300_u32 {
            codes.push(u32::from(dice.random_bool(0.4)));
            let first = dice.random_range(0..DAYS);
            for day in (first..DAYS).filter(|day| *day == first || *day - first == 7) {
                if day == first || dice.random_bool(ACTIVE) {
                    users.push(user);
                    days.push(day);
                }
            }
        }
        let observed = Observed { first: 0, last: DAYS - 1 };
        let histories = Histories::by_calendar_day(Events { users: &users, at: &days }, observed, Newcomers::ByFirstEvent).unwrap();
        let labels = ["good", "poor"].map(String::from);
        let groups = curves_by_group(&histories, &codes, &labels, &[Return::On(7)], P95).unwrap();
        Trial { truth: 0.0, estimate: groups[1].less_first[0] }
    })
    .covers_as_it_says()
    .calls_nothing(0.0);
}
