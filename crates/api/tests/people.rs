//! People: how they join, sign in and out, and what ends with that; and members, for admins.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{Method, header};
use serde_json::{Value, json};
use steadflow_access::{Authenticator, first_admin};
use steadflow_api::{ClientAddress, ClientIp};
use tokio::time::timeout;

use crate::support::{Answer, Api, NO_ID, echo, hanging, request, text};

const PASSWORD: &str = "correct horse";
const OTHER: &str = "battery staple";
const SAME_ORIGIN: (&str, &str) = ("sec-fetch-site", "same-origin");

/// Starts a server that asks who somebody is, under a name of its own.
pub(crate) async fn api() -> Api {
    let mut kept = None;
    let api = Api::configured(|config| {
        config.public_url = Some("https://flows.example".parse().expect("a URL"));
        let authenticator = Authenticator::new(Arc::clone(config.engine.store()));
        kept = Some(authenticator.clone());
        config.authenticator = Some(authenticator);
    })
    .await;
    let (authenticator, engine) = (kept.expect("it was configured"), api.engine.clone());
    tokio::spawn(async move { authenticator.keep_fresh(move || engine.wall()).await });
    api
}

/// Sends JSON as a page of ours does, with the cookies of `who`.
pub(crate) async fn ask(api: &Api, who: &str, method: &str, path: &str, body: Option<Value>) -> Answer {
    send(api, &[SAME_ORIGIN, ("cookie", who)], method, path, body).await
}

async fn send(api: &Api, headers: &[(&str, &str)], method: &str, path: &str, body: Option<Value>) -> Answer {
    let body = body.map(|body| body.to_string());
    let json = body.as_ref().map(|_| ("content-type", "application/json"));
    let headers: Vec<_> =
        headers.iter().copied().filter(|(_, value)| !value.is_empty()).chain(json).collect();
    let method: Method = method.parse().expect("a method");
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/api/v1/studio/{path}") };
    api.send(request(method, &path, &headers, body.as_deref().unwrap_or_default())).await
}

/// Returns the cookies that an answer sets, as a browser sends them back.
pub(crate) fn cookies(answer: &Answer) -> String {
    let set = answer.headers.get_all(header::SET_COOKIE).iter();
    let pairs = set.map(|cookie| cookie.to_str().expect("a text").split(';').next().unwrap_or_default());
    pairs.collect::<Vec<_>>().join("; ")
}

pub(crate) fn new_member(email: &str) -> Value {
    json!({ "name": "Ann", "email": email, "password": PASSWORD })
}

/// Makes the first admin, and returns their cookies.
pub(crate) async fn admin(api: &Api) -> String {
    let token = first_admin(api.engine.store(), api.engine.wall()).await.expect("a link").expect("no admin");
    let path = format!("/api/v1/invitations/{}", token.text());
    let joined = ask(api, "", "POST", &path, Some(new_member("ann@example.org"))).await;
    assert_eq!(joined.status, 204, "{}", joined.text);
    cookies(&joined)
}

/// Invites somebody with this role, who joins, and returns their cookies.
async fn member(api: &Api, admin: &str, role: &str, email: &str) -> String {
    let made = ask(api, admin, "POST", "invitations", Some(json!({ "role": role, "email": email }))).await;
    let url = text(&made.expect(201)["url"]);
    let token = url.strip_prefix("https://flows.example/join/").expect("where people find it").to_owned();
    let path = format!("/api/v1/invitations/{token}");
    let joined = ask(api, "", "POST", &path, Some(new_member(email))).await;
    assert_eq!(joined.status, 204, "{}", joined.text);
    cookies(&joined)
}

async fn sign_in(api: &Api, email: &str, password: &str) -> Answer {
    let body = json!({ "email": email, "password": password });
    ask(api, "", "POST", "/api/v1/session", Some(body)).await
}

/// Finds the id of a member.
async fn id_of(api: &Api, admin: &str, email: &str) -> String {
    let members = ask(api, admin, "GET", "members", None).await.expect(200);
    let found = members.as_array().expect("a list").iter().find(|member| member["email"] == email);
    text(&found.expect("a member")["id"])
}

#[tokio::test(start_paused = true)]
async fn the_first_admin_joins_and_invites_others() {
    let api = api().await;
    let ann = admin(&api).await;

    let account = ask(&api, &ann, "GET", "account", None).await.expect(200);
    let bob = member(&api, &ann, "operator", "bob@example.org").await;
    let own = ask(&api, &bob, "GET", "account", None).await.expect(200);
    let members = ask(&api, &ann, "GET", "members", None).await.expect(200);

    assert_eq!((&account["role"], &account["is_local"]), (&json!("admin"), &json!(false)));
    assert!(account["permissions"].as_array().unwrap().contains(&json!("manage_members")));
    assert_eq!((&own["role"], &own["email"]), (&json!("operator"), &json!("bob@example.org")));
    assert!(!own["permissions"].as_array().unwrap().contains(&json!("edit_flows")));
    assert_eq!(members.as_array().unwrap().len(), 2);
    assert!(!members.to_string().contains("argon2"), "{members}");
    for path in ["members", "invitations"] {
        assert_eq!(ask(&api, &bob, "GET", path, None).await.status, 403, "{path}");
    }
    let flow = json!({ "name": "F", "flow_definition": { "nodes": [] } });
    assert_eq!(ask(&api, &bob, "POST", "flows", Some(flow)).await.status, 403);
}

#[tokio::test(start_paused = true)]
async fn a_cookie_is_for_this_host_by_https_and_not_for_scripts() {
    let api = api().await;
    admin(&api).await;

    let signed_in = sign_in(&api, "ann@example.org", PASSWORD).await;
    let set: Vec<_> = signed_in.headers.get_all(header::SET_COOKIE).iter().collect();
    let who = cookies(&signed_in);
    let left = ask(&api, &who, "POST", "account/sign-out", None).await;

    for cookie in &set {
        let cookie = cookie.to_str().unwrap();
        assert!(cookie.starts_with("__Host-steadflow"), "{cookie}");
        for part in ["; Path=/;", "; HttpOnly", "; SameSite=Strict", "; Secure"] {
            assert!(cookie.contains(part), "{cookie}");
        }
    }
    assert_eq!(set.len(), 2);
    assert_eq!(left.status, 204);
    let removed = left.header("set-cookie").unwrap();
    let attributes = "; Path=/; Max-Age=0; HttpOnly; SameSite=Strict; Secure";
    assert_eq!(removed, format!("__Host-steadflow={attributes}"), "with the same attributes");
    assert_eq!(ask(&api, &who, "GET", "account", None).await.status, 401);
}

#[tokio::test(start_paused = true)]
async fn people_make_keys_for_themselves_which_may_no_more_than_they() {
    let api = api().await;
    let ann = admin(&api).await;
    let bob = member(&api, &ann, "operator", "bob@example.org").await;
    let wanted = |role: &str| Some(json!({ "name": "Laptop", "role": role }));

    let too_much = ask(&api, &bob, "POST", "account/keys", wanted("editor")).await;
    let made = ask(&api, &bob, "POST", "account/keys", wanted("operator")).await;
    let location = made.header("location").map(str::to_owned).expect("its address");
    let made = made.expect(201);
    let of_ann = ask(&api, &ann, "POST", "account/keys", wanted("viewer")).await.expect(201);
    let bearer = format!("Bearer {}", text(&made["key"]));
    let by_key: &[_] = &[("authorization", &*bearer)];
    let own = send(&api, by_key, "GET", "account", None).await.expect(200);
    let listed = ask(&api, &bob, "GET", "account/keys", None).await.expect(200);
    let foreign = format!("account/keys/{}", text(&of_ann["id"]));

    assert_eq!(too_much.status, 403, "{}", too_much.text);
    assert_eq!((&own["email"], &own["role"]), (&json!("bob@example.org"), &json!("operator")));
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["id"]), (1, &made["id"]));
    assert!(listed[0].get("key").is_none(), "it is shown once");
    assert_eq!(ask(&api, &bob, "DELETE", &foreign, None).await.status, 404, "it is another person's");
    assert_eq!(ask(&api, &bob, "DELETE", &location, None).await.status, 204);
    assert_eq!(send(&api, by_key, "GET", "account", None).await.status, 401);
    assert_eq!(ask(&api, &ann, "GET", "account/keys", None).await.expect(200)[0]["id"], of_ann["id"]);
}

#[tokio::test(start_paused = true)]
async fn known_and_unknown_people_are_refused_alike() {
    let api = api().await;
    let ann = admin(&api).await;
    member(&api, &ann, "viewer", "bob@example.org").await;
    let bob = id_of(&api, &ann, "bob@example.org").await;
    let disabled = json!({ "disabled": true });
    ask(&api, &ann, "PATCH", &format!("members/{bob}"), Some(disabled)).await.expect(200);

    let mut said = Vec::new();
    for (email, password) in [
        ("ann@example.org", OTHER),
        ("nobody@example.org", OTHER),
        ("bob@example.org", PASSWORD),
        ("no address", OTHER),
        ("", ""),
    ] {
        let refused = sign_in(&api, email, password).await;
        assert!(refused.headers.get("set-cookie").is_none(), "{email}");
        said.push(refused.problem());
    }

    assert!(said[0].starts_with("401 wrong-credentials: "), "{}", said[0]);
    assert!(said.iter().all(|one| *one == said[0]), "{said:?}");
}

#[tokio::test(start_paused = true)]
async fn a_sign_in_ends_with_password_role_and_sign_out_streams_too() {
    let api = api().await;
    let ann = admin(&api).await;
    let flow = api_flow(&api, &ann).await;
    for ends in ["sign-out", "password", "role", "disabled"] {
        let email = format!("{ends}@example.org");
        let bob = member(&api, &ann, "operator", &email).await;
        let id = id_of(&api, &ann, &email).await;
        let path = format!("flows/{flow}/execute");
        let execution = text(&ask(&api, &bob, "POST", &path, None).await.expect(201)["execution_id"]);
        let mut streams = Vec::new();
        for path in ["events".to_owned(), format!("executions/{execution}/events")] {
            let path = format!("/api/v1/studio/{path}");
            let stream = api.open(request(Method::GET, &path, &[SAME_ORIGIN, ("cookie", &bob)], "")).await;
            assert_eq!(stream.status(), 200, "{path}");
            streams.push(stream);
        }

        let change = json!({ "current_password": PASSWORD, "new_password": OTHER });
        let change_member = format!("members/{id}");
        let done = match ends {
            "sign-out" => ask(&api, &bob, "POST", "account/sign-out", None).await,
            "password" => ask(&api, &bob, "POST", "account/password", Some(change)).await,
            "role" => ask(&api, &ann, "PATCH", &change_member, Some(json!({ "role": "viewer" }))).await,
            _ => ask(&api, &ann, "PATCH", &change_member, Some(json!({ "disabled": true }))).await,
        };
        assert!(done.status < 300, "{ends}: {}", done.text);

        for stream in streams {
            let rest = axum::body::to_bytes(stream.into_body(), 1024 * 1024);
            assert!(timeout(Duration::from_secs(5), rest).await.is_ok(), "{ends}");
        }
        assert_eq!(ask(&api, &bob, "GET", "account", None).await.status, 401, "{ends}");
        if ends == "password" {
            let new = cookies(&done);
            assert_eq!(ask(&api, &new, "GET", "account", None).await.status, 200);
        }
    }
}

/// Makes an active flow that does not end.
async fn api_flow(api: &Api, who: &str) -> String {
    let mut document = crate::support::flow("Waits", &[hanging("a")], &[]);
    document["status"] = json!("active");
    text(&ask(api, who, "POST", "flows", Some(document)).await.expect(201)["id"])
}

#[tokio::test(start_paused = true)]
async fn a_cookie_alone_from_another_page_does_nothing() {
    let api = api().await;
    let ann = admin(&api).await;
    let document = steadflow_api::openapi();
    let mut asked = 0;

    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            if operation["security"] == json!([]) {
                continue;
            }
            let path = path.replace("{node_id}", "a").replace("{number}", "1").replace("{part}", "input");
            let id = if path.contains("/approvals/") { format!("{NO_ID}:a") } else { NO_ID.to_owned() };
            let path = path.replace("{id}", &id).replace("{key}", "k");
            let elsewhere: [&[(&str, &str)]; 4] = [
                &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")],
                &[("sec-fetch-site", "same-site")],
                &[("origin", "https://evil.example")],
                &[("origin", "null")],
            ];
            let unsaid: &[(&str, &str)] = &[];
            let changes = method != "get";
            for from in elsewhere.into_iter().chain(changes.then_some(unsaid)) {
                let headers = [&[("cookie", ann.as_str())], from].concat();
                let answer = send(&api, &headers, &method.to_uppercase(), &path, None).await;
                let problem = answer.problem();
                assert!(problem.starts_with("403 foreign-origin"), "{method} {path} {from:?}: {problem}");
                asked += 1;
            }
        }
    }

    assert!(asked > 400, "{asked}");
    assert_eq!(ask(&api, &ann, "GET", "account", None).await.status, 200, "and nobody was signed out");
}

#[tokio::test(start_paused = true)]
async fn nobody_is_signed_in_by_a_page_of_others_or_as_another_media_type() {
    let api = api().await;
    admin(&api).await;
    let body = json!({ "email": "ann@example.org", "password": PASSWORD }).to_string();
    let post = async |headers: &[(&str, &str)]| {
        api.send(request(Method::POST, "/api/v1/session", headers, &body)).await.status
    };
    let json = ("content-type", "application/json");

    assert_eq!(post(&[json, ("sec-fetch-site", "cross-site")]).await, 403);
    assert_eq!(post(&[json, ("sec-fetch-site", "same-site")]).await, 403);
    assert_eq!(post(&[json, ("origin", "https://evil.example")]).await, 403);
    assert_eq!(post(&[("content-type", "text/plain"), SAME_ORIGIN]).await, 415);
    assert_eq!(post(&[json]).await, 204, "a program says nothing of pages");
}

#[tokio::test(start_paused = true)]
async fn many_wrong_passwords_slow_down_their_address_and_not_the_person() {
    let api = api().await;
    admin(&api).await;
    let attempt = async |last: u8, password: &str| {
        let body = json!({ "email": "ann@example.org", "password": password }).to_string();
        let headers = [("content-type", "application/json"), SAME_ORIGIN];
        let mut attempt = request(Method::POST, "/api/v1/session", &headers, &body);
        let address = IpAddr::from([192, 0, 2, last]);
        attempt.extensions_mut().insert(ClientIp(address));
        attempt.extensions_mut().insert(ClientAddress::from(address));
        api.send(attempt).await
    };

    for _ in 0..5 {
        assert_eq!(attempt(1, OTHER).await.status, 401);
    }
    let slowed = attempt(1, PASSWORD).await;

    assert!(slowed.problem().starts_with("429 too-many-attempts: "), "{}", slowed.text);
    assert_eq!(slowed.header("retry-after"), Some("1"));
    assert_eq!(attempt(2, PASSWORD).await.status, 204);
}

#[tokio::test(start_paused = true)]
async fn an_invitation_gives_roles_in_folders() {
    let api = api().await;
    let ann = admin(&api).await;
    let invite = async |grants: Value| {
        let body = json!({ "role": "none", "grants": grants });
        ask(&api, &ann, "POST", "invitations", Some(body)).await
    };
    let grants = json!([{ "folder": "billing", "role": "editor" }, { "folder": "a/b", "role": "viewer" }]);

    let url = text(&invite(grants.clone()).await.expect(201)["url"]);
    let path = format!("/api/v1/invitations/{}", url.rsplit('/').next().unwrap());
    let listed = ask(&api, &ann, "GET", "invitations", None).await.expect(200);
    let shown = ask(&api, "", "GET", &path, None).await.expect(200);
    let joined = ask(&api, "", "POST", &path, Some(new_member("eve@example.org"))).await;
    let account = ask(&api, &cookies(&joined), "GET", "account", None).await.expect(200);

    for with in [&listed[0], &shown, &account] {
        assert_eq!((&with["role"], &with["grants"]), (&json!("none"), &grants));
    }
    for (wrong, pointer) in [
        (json!([{ "folder": "billing", "role": "admin" }]), "/grants/0/role"),
        (json!([{ "folder": "a//b", "role": "viewer" }]), "/grants/0/folder"),
    ] {
        let problem = invite(wrong).await.problem();
        assert!(problem.contains(pointer), "{problem}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_invitation_works_once_and_says_nothing_of_others() {
    let api = api().await;
    let ann = admin(&api).await;
    let made = ask(&api, &ann, "POST", "invitations", Some(json!({ "role": "editor" }))).await.expect(201);
    let token = text(&made["url"]).rsplit('/').next().unwrap().to_owned();
    let path = format!("/api/v1/invitations/{token}");

    for _ in 0..3 {
        let shown = ask(&api, "", "GET", &path, None).await.expect(200);
        assert_eq!((&shown["role"], &shown["is_first_admin"]), (&json!("editor"), &json!(false)));
    }
    let weak = json!({ "name": "Bob", "email": "bob@example.org", "password": "short" });
    let weak = ask(&api, "", "POST", &path, Some(weak)).await.problem();
    assert!(weak.starts_with("422 password-unfit: "), "{weak}");
    let without = json!({ "email": "bob@example.org", "password": PASSWORD });
    let without = ask(&api, "", "POST", &path, Some(without)).await.problem();
    assert!(without.starts_with("400 invalid-body: "), "{without}");
    for hostile in [json!({ "role": "admin" }), json!({ "tenant": NO_ID }), json!({ "id": NO_ID })] {
        let mut body = new_member("bob@example.org");
        body.as_object_mut().unwrap().extend(hostile.as_object().unwrap().clone());
        assert_eq!(ask(&api, "", "POST", &path, Some(body)).await.status, 400);
    }
    assert_eq!(ask(&api, "", "POST", &path, Some(new_member("bob@example.org"))).await.status, 204);

    let used = ask(&api, "", "GET", &path, None).await.problem();
    assert!(used.starts_with("404 no-such-invitation: "), "{used}");
    let zeros = "0".repeat(43);
    for none in ["null", "0", "%00", "[]", zeros.as_str()] {
        let path = format!("/api/v1/invitations/{none}");
        assert_eq!(ask(&api, "", "GET", &path, None).await.problem(), used, "{none}");
        let join = ask(&api, "", "POST", &path, Some(new_member("eve@example.org"))).await;
        assert_eq!(join.problem(), used, "{none}");
    }
    assert_eq!(ask(&api, &ann, "GET", "invitations", None).await.expect(200), json!([]));
}

#[tokio::test(start_paused = true)]
async fn the_last_admin_cannot_leave() {
    let api = api().await;
    let ann = admin(&api).await;
    let id = id_of(&api, &ann, "ann@example.org").await;
    let path = format!("members/{id}");

    let refused = [
        ask(&api, &ann, "PATCH", &path, Some(json!({ "role": "viewer" }))).await.problem(),
        ask(&api, &ann, "PATCH", &path, Some(json!({ "disabled": true }))).await.problem(),
        ask(&api, &ann, "DELETE", &path, None).await.problem(),
    ];

    assert!(refused.iter().all(|problem| problem.starts_with("409 last-admin: ")), "{refused:?}");
    let bob = member(&api, &ann, "admin", "bob@example.org").await;
    assert_eq!(ask(&api, &bob, "DELETE", &path, None).await.status, 204);
    assert_eq!(ask(&api, &ann, "GET", "account", None).await.status, 401);
    assert_eq!(ask(&api, &bob, "DELETE", &path, None).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn an_admin_makes_a_link_for_a_forgotten_password() {
    let api = api().await;
    let ann = admin(&api).await;
    let bob = member(&api, &ann, "viewer", "bob@example.org").await;
    let id = id_of(&api, &ann, "bob@example.org").await;

    let made = ask(&api, &ann, "POST", &format!("members/{id}/password-link"), None).await.expect(201);
    let token = text(&made["url"]).rsplit('/').next().unwrap().to_owned();
    let path = format!("/api/v1/invitations/{token}");
    assert_eq!(
        ask(&api, &bob, "GET", "account", None).await.status,
        200,
        "until it is used, nothing changes"
    );
    let set = json!({ "email": "bob@example.org", "password": OTHER });
    let set = ask(&api, "", "POST", &path, Some(set)).await;

    assert_eq!(set.status, 204, "{}", set.text);
    assert_eq!(ask(&api, &bob, "GET", "account", None).await.status, 401);
    let own = ask(&api, &cookies(&set), "GET", "account", None).await.expect(200);
    assert_eq!((&own["id"], &own["name"], &own["role"]), (&json!(id), &json!("Ann"), &json!("viewer")));
    let missing = ask(&api, &ann, "POST", &format!("members/{NO_ID}/password-link"), None).await;
    assert!(missing.problem().starts_with("404 no-such-member: "));
}

#[tokio::test(start_paused = true)]
async fn somebody_sees_and_ends_where_they_are_signed_in() {
    let api = api().await;
    let ann = admin(&api).await;
    let other = cookies(&sign_in(&api, "ann@example.org", PASSWORD).await);
    let third = cookies(&sign_in(&api, "ann@example.org", PASSWORD).await);

    let all = ask(&api, &ann, "GET", "account/sign-ins", None).await.expect(200);
    let of_others: Vec<_> = all.as_array().unwrap().iter().filter(|one| one["is_current"] == false).collect();
    assert_eq!((all.as_array().unwrap().len(), of_others.len()), (3, 2));
    let path = format!("account/sign-ins/{}", text(&of_others[0]["id"]));
    assert_eq!(ask(&api, &ann, "DELETE", &path, None).await.status, 204);
    assert_eq!(ask(&api, &ann, "DELETE", &path, None).await.status, 404);
    let mut left = 0;
    for who in [&other, &third] {
        left += u8::from(ask(&api, who, "GET", "account", None).await.status == 200);
    }
    assert_eq!(left, 1);
    assert_eq!(ask(&api, &ann, "DELETE", "account/sign-ins", None).await.status, 204);
    for (who, status) in [(&ann, 200), (&other, 401), (&third, 401)] {
        assert_eq!(ask(&api, who, "GET", "account", None).await.status, status);
    }
}

#[tokio::test(start_paused = true)]
async fn where_nobody_signs_in_there_are_no_accounts() {
    let api = Api::new().await;

    let account = api.get("account").await.expect(200);
    let refused = [
        api.post("invitations", &json!({ "role": "viewer" })).await.problem(),
        api.patch("account", &json!({ "name": "Ann" })).await.problem(),
        api.get("account/sign-ins").await.problem(),
        sign_in(&api, "ann@example.org", PASSWORD).await.problem(),
    ];

    assert_eq!((&account["is_local"], &account["id"]), (&json!(true), &Value::Null));
    assert!(refused.iter().all(|problem| problem.starts_with("409 no-accounts: ")), "{refused:?}");
    assert_eq!(api.get("members").await.expect(200), json!([]));
    api.flow_of(&[echo("a", json!({}))]).await;
}

/// The audit log, oldest first: what was done, by whom, and what came of it.
async fn log(api: &Api, admin: &str) -> Vec<Value> {
    let mut all = ask(api, admin, "GET", "audit", None).await.expect(200);
    let entries = all.as_array_mut().expect("a list");
    entries.reverse();
    let shown =
        |entry: &Value| json!([entry["action"], entry["by"]["id"], entry["status"], entry["refusals"]]);
    entries.iter().map(shown).collect()
}

#[tokio::test(start_paused = true)]
async fn who_joins_signs_in_and_out_is_in_the_log() {
    let api = api().await;
    let ann = admin(&api).await;
    let signed_in = cookies(&sign_in(&api, "ann@example.org", PASSWORD).await);
    ask(&api, &signed_in, "POST", "account/sign-out", None).await.expect(204);

    let log = log(&api, &ann).await;

    let of = |action: &str| {
        [json!([action, "ann@example.org", null, null]), json!([action, "ann@example.org", 204, null])]
    };
    assert_eq!(log, [of("accept_invitation"), of("sign_in"), of("sign_out")].concat());
}

#[tokio::test(start_paused = true)]
async fn refusals_are_counted_and_do_not_fill_the_log() {
    let api = api().await;
    let ann = admin(&api).await;
    let bob = member(&api, &ann, "viewer", "bob@example.org").await;
    let before = log(&api, &ann).await.len();
    for number in 0..3 {
        assert_eq!(sign_in(&api, &format!("{number}@example.org"), OTHER).await.status, 401);
    }
    for _ in 0..5 {
        assert_eq!(sign_in(&api, "ann@example.org", OTHER).await.status, 401);
    }
    assert_eq!(sign_in(&api, "ann@example.org", PASSWORD).await.status, 429);
    for id in [NO_ID, "1", "2"] {
        ask(&api, &bob, "DELETE", &format!("flows/{id}"), None).await.expect(403);
    }
    ask(&api, &bob, "GET", "audit", None).await.expect(403);
    assert_eq!(log(&api, &ann).await.len(), before, "they are counted first");

    api.app.store_refusals().await;

    let mut stored = log(&api, &ann).await.split_off(before);
    stored.sort_by_key(ToString::to_string);
    let mut expected = [
        json!(["sign_in", null, 401, 3]),
        json!(["sign_in", "ann@example.org", 401, 5]),
        json!(["sign_in", "ann@example.org", 429, 1]),
        json!(["delete_flow", "bob@example.org", 403, 3]),
        json!(["list_audit", "bob@example.org", 403, 1]),
    ];
    expected.sort_by_key(ToString::to_string);
    assert_eq!(stored, expected, "an address that nobody has is not in it");
    let many = log(&api, &ann).await.len();
    for operation in crate::access::operations().iter().filter(|operation| !operation.is_open) {
        let path = operation.address(NO_ID);
        // Streams end with the sign-in, and so does what ends it. Their own views they may change.
        if operation.method == "GET" || path.contains("/account") || path.contains("/views") {
            continue;
        }
        ask(&api, &bob, &operation.method, &path, None).await;
    }
    api.app.store_refusals().await;
    assert_eq!(log(&api, &ann).await.len(), many + 21, "the others have one entry together");
}
