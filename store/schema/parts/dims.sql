    max(s.call_id) AS call_id, max(s.user_id) AS user_id, max(s.vendor) AS vendor, max(s.service) AS service, max(s.scenario) AS scenario, max(s.industry) AS industry,
    max(s.app_version) AS app_version, max(s.region) AS region, max(s.country) AS country, max(s.network) AS network, max(s.platform) AS platform, max(s.os) AS os,
    max(s.device_class) AS device_class, max(s.poc) AS poc, max(s.arm) AS arm, max(s.stratum) AS stratum,
    min(s.observed_at) AS first_at, max(s.observed_at) AS last_at
