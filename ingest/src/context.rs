//! From the context a sender states to the keys its rows carry.

use std::sync::Arc;

use qoe_store::{Keys, Label, Millis, Service};

use crate::refusal::{Fault, Refusal, shortened};
use crate::wire;

/// Longest id or label, bytes; our choice: room for two UUIDs and a URL's worth beside, and little enough that a key never dwarfs its row.
pub const MAX_LABEL_BYTES: usize = 256;
/// Most attributes of one context; the column's comment says so too.
pub const MAX_ATTRIBUTES: usize = 16;
/// Longest attribute name, bytes.
pub const MAX_ATTRIBUTE_NAME_BYTES: usize = 64;
/// Longest attribute value, bytes.
pub const MAX_ATTRIBUTE_VALUE_BYTES: usize = 256;

/// 2000-01-01T00:00:00Z, ms: nobody was first seen before there was such a service.
const EARLIEST_FIRST_SEEN_MS: f64 = 946_684_800_000.0;
/// How far ahead of ours a sender's clock may say a person was first seen, ms.
const DAY_MS: f64 = 86_400_000.0;

/// `keys` with what `context` states put over it. What it does not state stays as it was.
pub fn over(keys: &Keys, context: &wire::Context<'_>, now: Millis) -> Result<Arc<Keys>, Refusal> {
    let mut keys = keys.clone();
    let labels = [
        ("project", &context.project, &mut keys.project),
        ("call_id", &context.call_id, &mut keys.call_id),
        ("session_id", &context.session_id, &mut keys.session_id),
        ("user_id", &context.user_id, &mut keys.user_id),
        ("vendor", &context.vendor, &mut keys.vendor),
        ("scenario", &context.scenario, &mut keys.scenario),
        ("industry", &context.industry, &mut keys.industry),
        ("app_version", &context.app_version, &mut keys.app_version),
        ("sdk", &context.sdk, &mut keys.sdk),
        ("region", &context.region, &mut keys.region),
        ("country", &context.country, &mut keys.country),
        ("network", &context.network, &mut keys.network),
        ("platform", &context.platform, &mut keys.platform),
        ("os", &context.os, &mut keys.os),
        ("device_class", &context.device_class, &mut keys.device_class),
        ("poc", &context.poc, &mut keys.poc),
        ("arm", &context.arm, &mut keys.arm),
        ("stratum", &context.stratum, &mut keys.stratum),
    ];
    for (name, stated, label) in labels {
        if let Some(text) = stated {
            *label = self::label(name, text)?;
        }
    }
    if let Some(service) = &context.service {
        let service: Service = shortened(service).parse().map_err(|reason: String| Refusal::new(Fault::UnknownName, reason))?;
        keys.service = service.as_str().into();
    }
    if let Some(first_seen) = context.first_seen {
        if !(EARLIEST_FIRST_SEEN_MS..=now.0 as f64 + DAY_MS).contains(&first_seen) {
            return Err(Refusal::new(
                Fault::Time,
                format_args!("first_seen {first_seen} is not an epoch in milliseconds between the year 2000 and now"),
            ));
        }
        keys.first_seen = Some(Millis(first_seen as i64));
    }
    if let Some(attributes) = &context.attributes {
        check_attributes(attributes)?;
        keys.attributes = attributes.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    }
    Ok(Arc::new(keys))
}

/// A label within its limit.
pub(crate) fn label(name: &str, text: &str) -> Result<Label, Refusal> {
    if text.is_empty() {
        return Ok(Label::default());
    }
    if text.len() > MAX_LABEL_BYTES {
        return Err(too_long(name, text.len(), MAX_LABEL_BYTES));
    }
    Ok(text.into())
}

pub(crate) fn too_long(name: &str, bytes: usize, limit: usize) -> Refusal {
    Refusal::new(Fault::TooLong, format_args!("{name} is {bytes} bytes long, the limit is {limit}"))
}

fn check_attributes(attributes: &std::collections::BTreeMap<wire::Text<'_>, wire::Text<'_>>) -> Result<(), Refusal> {
    if attributes.len() > MAX_ATTRIBUTES {
        return Err(Refusal::new(Fault::TooLong, format_args!("{} attributes, the limit is {MAX_ATTRIBUTES}", attributes.len())));
    }
    for (name, value) in attributes {
        if name.len() > MAX_ATTRIBUTE_NAME_BYTES {
            return Err(too_long("the name of an attribute", name.len(), MAX_ATTRIBUTE_NAME_BYTES));
        }
        if value.len() > MAX_ATTRIBUTE_VALUE_BYTES {
            return Err(too_long(&format!("attribute {:?}", &**name), value.len(), MAX_ATTRIBUTE_VALUE_BYTES));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = Millis(1_795_404_861_069);

    #[track_caller]
    fn check(context: &str, expected: Result<&str, &str>) {
        let base = Keys { project: "p".into(), vendor: "acme".into(), ..Keys::default() };
        let context: wire::Context<'_> = serde_json::from_str(context).unwrap();
        let keys = over(&base, &context, NOW).map(|keys| {
            format!("{} {} {} {:?} {:?}", keys.project, keys.vendor, keys.service, keys.first_seen.map(|at| at.0), keys.attributes)
        });
        assert_eq!(keys.as_deref().map_err(|refusal| refusal.reason.as_str()), expected);
    }

    #[test]
    fn what_is_stated_goes_over_what_was_there() {
        check("{}", Ok("p acme  None {}"));
        check(
            r#"{"vendor":"bolt","service":"voice_call","first_seen":1790000000000.7,"attributes":{"tier":"gold"}}"#,
            Ok(r#"p bolt voice_call Some(1790000000000) {"tier": "gold"}"#),
        );
        check(r#"{"vendor":null}"#, Ok("p acme  None {}"));
        check(r#"{"vendor":""}"#, Ok("p   None {}"));
    }

    #[test]
    fn what_cannot_be_is_refused_with_what_to_mend() {
        check(
            r#"{"service":"fax"}"#,
            Err(r#"service "fax" is not one of voice_call, video_call, live_streaming, messaging, conversational_ai"#),
        );
        check(r#"{"first_seen":0}"#, Err("first_seen 0 is not an epoch in milliseconds between the year 2000 and now"));
        check(&format!(r#"{{"region":"{}"}}"#, "x".repeat(257)), Err("region is 257 bytes long, the limit is 256"));
        check(
            &format!(r#"{{"attributes":{{"{}":""}}}}"#, "x".repeat(65)),
            Err("the name of an attribute is 65 bytes long, the limit is 64"),
        );
        check(&format!(r#"{{"attributes":{{"a":"{}"}}}}"#, "x".repeat(257)), Err(r#"attribute "a" is 257 bytes long, the limit is 256"#));
        let many: Vec<String> = (0..17).map(|n| format!(r#""a{n}":"""#)).collect();
        check(&format!(r#"{{"attributes":{{{}}}}}"#, many.join(",")), Err("17 attributes, the limit is 16"));
    }
}
