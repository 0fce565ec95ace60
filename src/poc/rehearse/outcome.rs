//! What became of a call: what was planted, what the relay did, what the page saw.

use std::fmt;
use std::net::SocketAddr;

use qoe_fixtures::relay::Traffic;
use serde::Deserialize;
use serde_json::{Value, json};

use super::stage::Take;

/// What the page says of a call.
#[derive(Debug, Deserialize)]
pub struct Told {
    pub call_id: Option<String>,
    pub error: Option<String>,
    /// The caller, the callee.
    sides: Option<[Side; 2]>,
}

/// What one end saw over the whole call.
#[derive(Debug, Deserialize)]
struct Side {
    packets_received: u64,
    packets_lost: i64,
    bytes_received: u64,
    freezes_s: f64,
    lasted_s: f64,
    rtt_s: Option<f64>,
    /// Where it sends to.
    remote: Option<String>,
    client: Client,
}

/// What the browser client did with what it measured.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Client {
    rejected: u64,
    dropped: u64,
    last_error: Option<String>,
}

/// A call that was made.
#[derive(Debug)]
pub struct Outcome {
    call_id: String,
    take: Take,
    /// Where the caller and the callee were told to send to.
    relay: [SocketAddr; 2],
    /// There, and back.
    traffic: [Traffic; 2],
    sides: [Side; 2],
}

/// A figure as planted by the profile, as the relay did it, and as the page saw it.
#[derive(Debug, Clone, Copy)]
struct Thrice {
    stated: f64,
    relay: Option<f64>,
    page: Option<f64>,
}

impl Thrice {
    fn json(self) -> Value {
        json!({"stated": self.stated, "relay": self.relay, "page": self.page})
    }
}

impl Outcome {
    /// Of a call that went to its end and whose measurements were all taken.
    pub fn new(call_id: String, take: Take, relay: [SocketAddr; 2], traffic: [Traffic; 2], told: Told) -> anyhow::Result<Outcome> {
        let run = take.name();
        if let Some(error) = told.error {
            anyhow::bail!("run {run} failed: {error}");
        }
        let sides = told.sides.ok_or_else(|| anyhow::anyhow!("run {run} says nothing of what it saw"))?;
        for Side { client: Client { rejected, dropped, last_error }, .. } in &sides {
            let why = last_error.as_deref().unwrap_or("no reason given");
            anyhow::ensure!(*rejected + *dropped == 0, "run {run}: {rejected} rows were refused and {dropped} given up: {why}");
        }
        Ok(Outcome { call_id, take, relay, traffic, sides })
    }

    /// Media that did not take the way over the relay: an end that sends elsewhere, or that received more than the relay passed on.
    pub fn around(&self) -> Vec<String> {
        let ends = ["caller", "callee"].into_iter().zip(&self.sides).zip(self.relay);
        // The caller hears what comes back.
        let toward = self.traffic.iter().rev();
        let found = ends.zip(toward).filter_map(|(((end, side), relay), toward)| {
            let run = self.take.name();
            if side.remote.as_deref() != Some(&relay.to_string()) {
                let remote = side.remote.as_deref().unwrap_or("nowhere");
                return Some(format!("run {run}: the {end} sends to {remote}, and the relay is at {relay}"));
            }
            (side.packets_received > toward.delivered).then(|| {
                format!(
                    "run {run}: the {end} received {} packets of media, the relay passed on {}",
                    side.packets_received, toward.delivered
                )
            })
        });
        found.collect()
    }

    /// There and back, ms. Queues are not in what is stated.
    fn rtt_ms(&self) -> Thrice {
        let [there, back] = self.traffic.map(|way| way.held_ms());
        let page: Vec<f64> = self.sides.iter().filter_map(|side| side.rtt_s).collect();
        Thrice {
            stated: self.take.there.held_ms() + self.take.back.held_ms(),
            relay: there.zip(back).map(|(there, back)| there + back),
            page: (!page.is_empty()).then(|| page.iter().sum::<f64>() * 1_000.0 / page.len() as f64),
        }
    }

    /// Both directions together. What a full queue drops is not in what is stated.
    fn loss_ratio(&self) -> Thrice {
        let [there, back] = &self.traffic;
        let (arrived, dropped) = (there.arrived + back.arrived, there.lost + there.overflowed + back.lost + back.overflowed);
        let lost: i64 = self.sides.iter().map(|side| side.packets_lost).sum();
        let sent = lost as f64 + self.sides.iter().map(|side| side.packets_received as f64).sum::<f64>();
        Thrice {
            stated: (self.take.there.loss + self.take.back.loss) / 2.0,
            relay: (arrived > 0).then(|| dropped as f64 / arrived as f64),
            page: (sent > 0.0).then(|| lost as f64 / sent),
        }
    }

    /// What one end received, mean of both, kbit/s.
    fn bitrate_kbps(&self) -> f64 {
        self.sides.iter().map(|side| side.bytes_received as f64 * 8.0 / 1_000.0 / side.lasted_s).sum::<f64>() / 2.0
    }

    /// The share of the time that the picture stood still, mean of both ends.
    fn freeze_ratio(&self) -> f64 {
        self.sides.iter().map(|side| side.freezes_s / side.lasted_s).sum::<f64>() / 2.0
    }

    /// As one object.
    pub fn json(&self) -> Value {
        let run = &self.take.run;
        json!({
            "run": run.run, "arm": run.arm, "stratum": run.stratum, "profile": run.profile, "call_id": self.call_id,
            "rtt_ms": self.rtt_ms().json(), "loss_ratio": self.loss_ratio().json(),
            "bitrate_kbps": self.bitrate_kbps(), "freeze_ratio": self.freeze_ratio(), "around": self.around(),
        })
    }

    /// Over the lines of runs.
    pub const HEADER: &str = concat!(
        "                                                        round trip, ms          loss, %\n",
        "run          arm          stratum      profile       stated  relay   page  stated relay  page   kbit/s  frozen, %"
    );
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let run = &self.take.run;
        let figure = |value: Option<f64>, digits| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"));
        let (rtt, loss) = (self.rtt_ms(), self.loss_ratio());
        let percent = |ratio: Option<f64>| figure(ratio.map(|ratio| ratio * 100.0), 1);
        write!(f, "{:<12} {:<12} {:<12} {:<12} ", run.run, run.arm, run.stratum, run.profile)?;
        write!(f, "{:>7} {:>6} {:>6} ", figure(Some(rtt.stated), 0), figure(rtt.relay, 0), figure(rtt.page, 0))?;
        write!(f, "{:>7} {:>5} {:>5} ", percent(Some(loss.stated)), percent(loss.relay), percent(loss.page))?;
        write!(f, "{:>8.0} {:>10}", self.bitrate_kbps(), percent(Some(self.freeze_ratio())))
    }
}

#[cfg(test)]
mod tests {
    use qoe_fixtures::relay::{Impairment, Run};

    use super::*;

    fn outcome(change: impl Fn(&mut Value)) -> anyhow::Result<Outcome> {
        let side = |port| {
            json!({
                "packets_received": 98, "packets_lost": 2, "bytes_received": 60_000, "freezes_s": 0.3, "lasted_s": 6.0, "rtt_s": 0.17,
                "remote": format!("127.0.0.1:{port}"), "client": {"sent": 9, "rejected": 0, "dropped": 0, "lastError": null},
            })
        };
        let mut told = json!({"call_id": "c", "sides": [side(1), side(2)]});
        change(&mut told);
        let run =
            Run { run: "r1".to_owned(), arm: "b".to_owned(), stratum: "s".to_owned(), profile: "wifi".to_owned(), seconds: 6, seed: 1 };
        let way = Impairment { delay_ms: 80.0, loss: 0.02, ..Impairment::default() };
        let traffic = Traffic { arrived: 100, lost: 2, delivered: 98, held: std::time::Duration::from_secs(8), ..Traffic::default() };
        let ports = [1, 2].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        Outcome::new("c".to_owned(), Take { run, there: way, back: way }, ports, [traffic; 2], serde_json::from_value(told).unwrap())
    }

    #[test]
    fn figures_are_of_both_ways() {
        let outcome = outcome(|_| {}).unwrap();
        let json = outcome.json();
        assert_eq!(json["rtt_ms"]["stated"], 160.0);
        assert!((json["rtt_ms"]["relay"].as_f64().unwrap() - 16_000.0 / 98.0).abs() < 1e-9);
        assert_eq!((&json["rtt_ms"]["page"], &json["loss_ratio"]["page"]), (&json!(170.0), &json!(0.02)));
        assert_eq!((&json["bitrate_kbps"], &json["around"]), (&json!(80.0), &json!([])));
        assert!((outcome.freeze_ratio() - 0.05).abs() < 1e-12);
        assert_eq!(outcome.to_string().lines().count(), 1);
    }

    #[test]
    fn media_that_goes_around_the_relay_is_found() {
        let around = |change: fn(&mut Value)| outcome(change).unwrap().around().join("; ");
        assert_eq!(around(|_| {}), "");
        assert_eq!(
            around(|told| told["sides"][0]["packets_received"] = json!(99)),
            "run r1 of b: the caller received 99 packets of media, the relay passed on 98"
        );
        assert_eq!(
            around(|told| told["sides"][1]["remote"] = json!("10.0.0.1:9")),
            "run r1 of b: the callee sends to 10.0.0.1:9, and the relay is at 127.0.0.1:2"
        );
        assert_eq!(
            around(|told| told["sides"][1]["remote"] = Value::Null),
            "run r1 of b: the callee sends to nowhere, and the relay is at 127.0.0.1:2"
        );
    }

    #[test]
    fn a_call_that_failed_or_whose_rows_were_refused_is_an_error() {
        let said = |change: fn(&mut Value)| outcome(change).unwrap_err().to_string();
        assert_eq!(said(|told| told["error"] = json!("the call did not connect")), "run r1 of b failed: the call did not connect");
        assert_eq!(
            said(|told| told["sides"][1]["client"] = json!({"sent": 0, "rejected": 1, "dropped": 8, "lastError": "401: wrong key"})),
            "run r1 of b: 1 rows were refused and 8 given up: 401: wrong key"
        );
    }
}
