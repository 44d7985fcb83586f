//! All parts, in an order in which what others refer to comes first.

use super::{Column, Kind, Part};

const fn id(name: &'static str) -> Column {
    Column::of(Kind::Id, name)
}

const fn int(name: &'static str) -> Column {
    Column::of(Kind::Int, name)
}

const fn real(name: &'static str) -> Column {
    Column::of(Kind::Real, name)
}

const fn flag(name: &'static str) -> Column {
    Column::of(Kind::Flag, name)
}

const fn text(name: &'static str) -> Column {
    Column::of(Kind::Text, name)
}

const fn json(name: &'static str) -> Column {
    Column::of(Kind::Json, name)
}

const fn bytes(name: &'static str) -> Column {
    Column::of(Kind::Bytes, name)
}

/// All parts of a database.
pub const PARTS: &[Part] = &[
    Part {
        name: "flows",
        columns: &[
            id("id"),
            id("tenant"),
            int("version"),
            text("status"),
            text("name"),
            text("category").or_null(),
            flag("is_template"),
            flag("is_scheduled"),
            text("webhook_path").or_null(),
            text("folder").or_null(),
            int("created_at"),
            int("updated_at"),
        ],
    },
    Part {
        name: "flow_versions",
        columns: &[
            id("flow"),
            int("version"),
            id("tenant"),
            json("document"),
            int("created_at"),
            text("note").or_null(),
        ],
    },
    Part {
        name: "flow_drafts",
        columns: &[
            id("flow"),
            id("tenant"),
            int("revision"),
            int("base_version"),
            json("definition"),
            int("updated_at"),
            text("updated_by"),
        ],
    },
    Part {
        name: "agents",
        columns: &[id("id"), id("tenant"), int("version"), int("created_at"), int("updated_at")],
    },
    Part {
        name: "agent_versions",
        columns: &[id("agent"), int("version"), id("tenant"), json("document"), int("created_at")],
    },
    Part { name: "executions", columns: EXECUTIONS },
    // What they cover is not in `records`.
    Part { name: "journals", columns: &[id("execution"), int("seq"), json("records")] },
    Part { name: "long_records", columns: &[id("execution"), int("seq"), json("record")] },
    // The records of tails that no journal covers.
    Part { name: "records", columns: &[id("execution"), int("seq"), bytes("entry"), bytes("record")] },
    Part { name: "deleted_executions", columns: &[id("execution")] },
    Part { name: "deleted_blobs", columns: &[id("execution")] },
    Part { name: "execution_counts", columns: &[id("tenant"), id("flow"), text("status"), int("value")] },
    Part {
        name: "rollups",
        columns: &[id("tenant"), id("flow"), int("hour"), text("node"), text("metric"), int("value")],
    },
    Part {
        name: "flow_ends",
        columns: &[int("minute"), id("tenant"), id("flow"), int("executions"), int("completed")],
    },
    Part {
        name: "costs",
        columns: &[
            id("tenant"),
            int("hour"),
            id("flow"),
            id("agent").or_null(),
            text("model"),
            text("currency"),
            int("calls"),
            int("unpriced_calls"),
            int("input_tokens"),
            int("cached_input_tokens"),
            int("cache_write_tokens"),
            int("output_tokens"),
            int("tokens_lost"),
            real("cost"),
            real("cost_lost"),
        ],
    },
    Part { name: "agent_uses", columns: &[id("tenant"), id("agent"), int("calls"), int("last_used_at")] },
    Part {
        name: "agent_budgets",
        columns: &[int("day"), id("tenant"), id("agent"), int("tokens"), real("cost")],
    },
    Part {
        name: "idempotency_keys",
        columns: &[id("tenant"), text("key"), id("execution"), bytes("request_hash"), int("created_at")],
    },
    Part {
        name: "inbox",
        columns: &[int("number"), id("execution"), id("tenant"), json("input"), int("created_at")],
    },
    Part {
        name: "sessions",
        columns: &[
            id("tenant"),
            id("agent"),
            text("key"),
            int("turns"),
            int("bytes"),
            int("created_at"),
            int("used_at"),
            id("holder").or_null(),
            text("holder_node").or_null(),
        ],
    },
    Part {
        name: "session_turns",
        columns: &[
            id("tenant"),
            id("agent"),
            text("key"),
            int("number"),
            int("bytes"),
            id("execution"),
            text("node"),
            int("input_tokens"),
            int("output_tokens"),
            int("answered_at"),
            json("question"),
            json("answer"),
        ],
    },
    Part {
        name: "session_summaries",
        columns: &[
            id("tenant"),
            id("agent"),
            text("key"),
            int("up_to"),
            int("bytes"),
            id("execution"),
            text("node"),
            int("written_at"),
            text("summary"),
        ],
    },
    Part {
        name: "schedules",
        columns: &[
            id("flow"),
            text("node"),
            id("tenant"),
            text("rule"),
            int("next_at").or_null(),
            int("starting_at").or_null(),
            id("execution").or_null(),
            int("last_at").or_null(),
            text("error").or_null(),
        ],
    },
    Part {
        name: "received_events",
        columns: &[
            id("id"),
            id("tenant"),
            text("name"),
            text("correlation").or_null(),
            text("key").or_null(),
            json("data"),
            int("at"),
            flag("is_delivered"),
        ],
    },
    Part {
        name: "event_waits",
        columns: &[
            id("execution"),
            int("node"),
            text("node_id"),
            id("tenant"),
            text("name"),
            text("correlation").or_null(),
            int("since"),
            int("until").or_null(),
        ],
    },
    Part {
        name: "alerts",
        columns: &[
            id("id"),
            id("tenant"),
            json("document"),
            int("active_since").or_null(),
            int("created_at"),
            int("updated_at"),
        ],
    },
    Part { name: "alert_notes", columns: &[id("alert"), text("key"), int("at")] },
    Part {
        name: "alert_groups",
        columns: &[id("alert"), text("name"), int("count"), json("sample"), int("last_at")],
    },
    Part {
        name: "alert_messages",
        columns: &[
            id("id"),
            id("alert"),
            text("group_name"),
            json("sample"),
            int("stands_for"),
            text("state"),
            int("attempts"),
            int("next_at"),
            int("created_at"),
            int("ended_at").or_null(),
            text("error").or_null(),
            int("claimed_until").or_null(),
        ],
    },
    Part { name: "alerts_seen", columns: &[int("id"), int("at")] },
    Part { name: "signing_keys", columns: &[text("purpose"), bytes("key")] },
    Part {
        name: "tenants",
        columns: &[
            id("id"),
            text("name"),
            int("created_at"),
            int("disabled_at").or_null(),
            int("cancelling_since").or_null(),
            int("deleting_since").or_null(),
        ],
    },
    Part { name: "tenant_quotas", columns: &[id("tenant"), json("quota")] },
    Part {
        name: "pauses",
        columns: &[
            id("tenant"),
            int("paused_at"),
            json("paused_by"),
            text("reason").or_null(),
            int("resumed_at").or_null(),
            json("resumed_by").or_null(),
        ],
    },
    Part {
        name: "notes",
        columns: &[id("tenant"), text("kind"), id("owner"), text("name"), json("value"), int("at")],
    },
    Part {
        name: "principals",
        columns: &[
            id("id"),
            id("tenant"),
            text("kind"),
            text("name"),
            text("email").or_null(),
            text("role"),
            json("grants").or_null(),
            text("password").or_null(),
            int("created_at"),
            int("disabled_at").or_null(),
        ],
    },
    Part {
        name: "api_keys",
        columns: &[
            id("id"),
            id("tenant"),
            id("principal"),
            bytes("hash"),
            text("prefix"),
            text("name"),
            text("role"),
            json("flows").or_null(),
            json("folders").or_null(),
            json("networks").or_null(),
            int("created_at"),
            text("created_by"),
            int("expires_at").or_null(),
            int("used_at").or_null(),
            text("used_from").or_null(),
        ],
    },
    Part {
        name: "sign_ins",
        columns: &[
            bytes("hash"),
            id("id"),
            id("tenant"),
            id("principal"),
            int("created_at"),
            int("expires_at"),
            int("used_at"),
            text("address").or_null(),
            text("user_agent").or_null(),
        ],
    },
    Part {
        name: "invitations",
        columns: &[
            bytes("hash"),
            id("id"),
            id("tenant"),
            text("role"),
            text("email").or_null(),
            id("principal").or_null(),
            flag("is_first_admin"),
            int("created_at"),
            text("created_by"),
            int("expires_at"),
            text("grants").or_null(),
        ],
    },
    Part {
        name: "oidc_subjects",
        columns: &[
            text("issuer"),
            text("subject"),
            id("tenant"),
            id("principal"),
            int("created_at"),
            int("used_at"),
        ],
    },
    Part {
        name: "passkeys",
        columns: &[
            id("id"),
            bytes("credential"),
            id("tenant"),
            id("principal"),
            text("name"),
            bytes("public_key"),
            int("counter"),
            int("created_at"),
            int("used_at").or_null(),
        ],
    },
    Part { name: "audit", columns: &[id("tenant"), int("number"), text("entry"), bytes("hash")] },
    Part {
        name: "data_keys",
        columns: &[id("id"), id("tenant"), text("master"), bytes("sealed"), int("created_at")],
    },
    Part {
        name: "secrets",
        columns: &[
            id("tenant"),
            text("name"),
            text("kind"),
            id("data_key"),
            bytes("sealed"),
            text("hosts"),
            int("updated_at"),
            text("updated_by"),
        ],
    },
    Part {
        name: "oauth_tokens",
        columns: &[
            id("tenant"),
            text("name"),
            int("generation"),
            id("data_key").or_null(),
            bytes("sealed").or_null(),
            int("obtained_at").or_null(),
            int("expires_at").or_null(),
            flag("needs_connection"),
            text("error").or_null(),
            id("claim").or_null(),
            int("claimed_until").or_null(),
        ],
    },
    Part {
        name: "oauth_authorizations",
        columns: &[
            bytes("hash"),
            id("tenant"),
            text("name"),
            id("data_key"),
            bytes("sealed"),
            text("created_by"),
            int("created_at"),
            int("expires_at"),
        ],
    },
];

const EXECUTIONS: &[Column] = &[
    id("id"),
    id("tenant"),
    id("flow"),
    int("flow_version"),
    text("status"),
    flag("retrying"),
    flag("recovered"),
    text("current_node").or_null(),
    text("context_id").or_null(),
    text("context_type").or_null(),
    text("triggered_by"),
    id("retry_of").or_null(),
    id("forked_from").or_null(),
    text("error_message").or_null(),
    text("error_class").or_null(),
    text("fingerprint").or_null(),
    text("fingerprint_node").or_null(),
    text("fingerprint_class").or_null(),
    text("fingerprint_message").or_null(),
    int("created_at"),
    int("started_at").or_null(),
    int("completed_at").or_null(),
    int("total_nodes"),
    int("completed_nodes"),
    int("failed_nodes"),
    int("attempts"),
    text("waits_for").or_null(),
    int("waits_until").or_null(),
    id("parent").or_null(),
    text("parent_node").or_null(),
    int("item_index").or_null(),
    flag("shares_slot"),
    json("queue").or_null(),
    // Whether a worker drove it. That one is gone, so the next one recovers it.
    flag("is_driven"),
    int("wake_at").or_null(),
];

/// Returns the part of this name.
#[must_use]
pub fn part(name: &str) -> Option<&'static Part> {
    PARTS.iter().find(|part| part.name == name)
}
