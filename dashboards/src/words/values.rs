//! What values of the data are called: services, networks, platforms, regions, events, measures. A value without a word is
//! shown as it was sent.

use std::borrow::Cow;

use qoe_query::board::Dimension;

use super::Words;
use crate::view::Lang;

/// (as sent, English, Chinese)
type Named = (&'static str, &'static str, &'static str);

const SERVICES: &[Named] = &[
    ("voice_call", "voice call", "语音通话"),
    ("video_call", "video call", "视频通话"),
    ("live_streaming", "live streaming", "互动直播"),
    ("messaging", "messaging", "即时消息"),
    ("conversational_ai", "conversational AI", "对话式 AI"),
];

const NETWORKS: &[Named] = &[
    ("wifi", "Wi-Fi", "Wi-Fi"),
    ("ethernet", "Ethernet", "有线网络"),
    ("cellular", "cellular", "蜂窝网络"),
    ("5g", "5G", "5G"),
    ("4g", "4G", "4G"),
    ("3g", "3G", "3G"),
    ("2g", "2G", "2G"),
    ("vpn", "VPN", "VPN"),
    ("unknown", "unknown", "未知"),
];

const PLATFORMS: &[Named] = &[
    ("web", "web", "网页"),
    ("ios", "iOS", "iOS"),
    ("android", "Android", "Android"),
    ("harmonyos", "HarmonyOS", "鸿蒙"),
    ("windows", "Windows", "Windows"),
    ("macos", "macOS", "macOS"),
    ("linux", "Linux", "Linux"),
    ("mini_program", "mini program", "小程序"),
    ("sip", "telephone (SIP)", "电话（SIP）"),
];

/// In English a region keeps its code, by which operators know it.
const REGIONS: &[Named] = &[
    ("cn-north", "cn-north", "华北"),
    ("cn-east", "cn-east", "华东"),
    ("cn-south", "cn-south", "华南"),
    ("cn-central", "cn-central", "华中"),
    ("cn-southwest", "cn-southwest", "西南"),
    ("cn-northwest", "cn-northwest", "西北"),
    ("cn-northeast", "cn-northeast", "东北"),
    ("ap-southeast", "ap-southeast", "东南亚"),
    ("ap-northeast", "ap-northeast", "东北亚"),
    ("ap-south", "ap-south", "南亚"),
    ("eu-west", "eu-west", "西欧"),
    ("eu-central", "eu-central", "中欧"),
    ("us-east", "us-east", "美国东部"),
    ("us-west", "us-west", "美国西部"),
    ("na-east", "na-east", "北美东部"),
    ("na-west", "na-west", "北美西部"),
    ("sa-east", "sa-east", "南美"),
    ("me-central", "me-central", "中东"),
    ("af-south", "af-south", "南非"),
];

const SCENARIOS: &[Named] = &[
    ("one_to_one", "one-to-one", "一对一"),
    ("group", "group", "多人"),
    ("show_room", "show room", "秀场"),
    ("assistant", "assistant", "智能助手"),
    ("companion", "companion", "智能陪伴"),
];

const INDUSTRIES: &[Named] = &[
    ("finance", "finance", "金融"),
    ("education", "education", "教育"),
    ("entertainment", "entertainment", "泛娱乐"),
    ("social", "social", "社交"),
    ("gaming", "gaming", "游戏"),
    ("healthcare", "healthcare", "医疗"),
    ("retail", "retail", "电商零售"),
];

const DEVICES: &[Named] = &[("desktop", "desktop", "电脑"), ("phone", "phone", "手机"), ("tablet", "tablet", "平板"), ("tv", "TV", "电视")];

const EVENTS: &[Named] = &[
    ("attempt", "join attempt", "尝试加入"),
    ("joined", "joined", "加入成功"),
    ("join_failed", "join failed", "加入失败"),
    ("first_frame", "first frame", "首帧"),
    ("reconnect", "reconnect", "重连"),
    ("drop", "dropped", "掉线"),
    ("leave", "left", "离开"),
    ("quality_limitation", "quality limited", "画质受限"),
    ("co_host", "co-host", "连麦"),
    ("pk", "PK", "PK"),
    ("scene_switch", "scene switch", "场景切换"),
    ("hand_raise", "hand raised", "举手"),
    ("breakout", "breakout room", "分组讨论"),
    ("screen_share", "screen share", "屏幕共享"),
];

const MEASURES: &[Named] = &[
    ("one_way_delay_ms", "one-way delay", "端到端时延"),
    ("loss_ratio", "packet loss", "丢包率"),
    ("audible_concealment_ratio", "audible concealment", "可闻补偿率"),
    ("concealment_ratio", "concealment", "补偿率"),
    ("freeze_ratio", "freeze ratio", "卡顿率"),
    ("gap_ms", "gap without packets", "断流"),
    ("frame_rate", "frame rate", "帧率"),
    ("response_ms", "AI response time", "AI 响应耗时"),
    ("interruption_ms", "AI interruption time", "AI 打断耗时"),
    ("delivery_ms", "delivery time", "消息送达耗时"),
    ("connect_ms", "connect time", "建连耗时"),
    ("join", "join failed", "加入失败"),
    ("join_failed", "join failed", "加入失败"),
];

const KEYS: &[Named] = &[
    ("project", "Project", "项目"),
    ("call_id", "Call", "通话"),
    ("session_id", "Session", "会话"),
    ("user_id", "User", "用户"),
    ("vendor", "Vendor", "厂商"),
    ("service", "Service", "业务类型"),
    ("scenario", "Scenario", "场景"),
    ("industry", "Industry", "行业"),
    ("app_version", "App version", "应用版本"),
    ("sdk", "SDK", "SDK"),
    ("region", "Region", "区域"),
    ("country", "Country", "国家/地区"),
    ("network", "Network", "网络"),
    ("platform", "Platform", "平台"),
    ("os", "System", "操作系统"),
    ("device_class", "Device", "设备类型"),
    ("audio_codec", "Audio codec", "音频编码"),
    ("poc", "Trial", "试用项目"),
    ("arm", "Arm", "对照组"),
    ("stratum", "Stratum", "分层"),
    ("interval_ms", "Reporting interval, ms", "上报周期（ms）"),
    ("first_seen", "First seen", "首次出现"),
];

fn find(named: &'static [Named], value: &str, words: &Words) -> Option<&'static str> {
    let (_, english, chinese) = named.iter().find(|(as_sent, _, _)| *as_sent == value)?;
    Some(if words.tag == Lang::En.tag() { english } else { chinese })
}

fn or_as_sent<'v>(found: Option<&'static str>, value: &'v str, words: &Words) -> Cow<'v, str> {
    match found {
        Some(word) => Cow::Borrowed(word),
        None if value.is_empty() => Cow::Borrowed(words.not_stated),
        None => Cow::Borrowed(value),
    }
}

/// A dimension's value.
pub fn dimension_value<'v>(dimension: Dimension, value: &'v str, words: &Words) -> Cow<'v, str> {
    let named = match dimension {
        Dimension::Service => SERVICES,
        Dimension::Region => REGIONS,
        Dimension::Network => NETWORKS,
        Dimension::Platform => PLATFORMS,
        Dimension::Vendor | Dimension::AppVersion => &[],
    };
    or_as_sent(find(named, value, words), value, words)
}

/// A service.
pub fn service_name<'v>(service: &'v str, words: &Words) -> Cow<'v, str> {
    dimension_value(Dimension::Service, service, words)
}

/// A session event.
pub fn event_name<'v>(event: &'v str, words: &Words) -> Cow<'v, str> {
    or_as_sent(find(EVENTS, event, words), event, words)
}

/// A key column of the data.
pub fn key_name<'v>(column: &'v str, words: &Words) -> Cow<'v, str> {
    or_as_sent(find(KEYS, column, words), column, words)
}

/// The value of a key column.
pub fn key_value<'v>(column: &str, value: &'v str, words: &Words) -> Cow<'v, str> {
    let named = match column {
        "scenario" => SCENARIOS,
        "industry" => INDUSTRIES,
        "device_class" => DEVICES,
        _ => return Dimension::parse(column).map_or(Cow::Borrowed(value), |dimension| dimension_value(dimension, value, words)),
    };
    or_as_sent(find(named, value, words), value, words)
}

/// A measure, by its name or by the key of its objective (`loss_ratio`, `loss_ratio_max`).
pub fn measure_name<'v>(measure: &'v str, words: &Words) -> Cow<'v, str> {
    let name = ["_max", "_min", "_best", "_success"].iter().find_map(|end| measure.strip_suffix(end)).unwrap_or(measure);
    or_as_sent(find(MEASURES, name, words), name, words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::{EN, ZH};

    #[test]
    fn known_values_are_named_and_others_shown_as_sent() {
        assert_eq!(service_name("conversational_ai", &ZH), "对话式 AI");
        assert_eq!(dimension_value(Dimension::Network, "wifi", &EN), "Wi-Fi");
        assert_eq!(dimension_value(Dimension::Vendor, "wifi", &EN), "wifi");
        assert_eq!(dimension_value(Dimension::Region, "", &ZH), "未注明");
        assert_eq!(measure_name("one_way_delay_ms_max", &EN), "one-way delay");
        assert_eq!(key_value("scenario", "one_to_one", &ZH), "一对一");
        assert_eq!(key_value("session_id", "group", &ZH), "group");
        assert_eq!(event_name("karaoke", &EN), "karaoke");
    }
}
