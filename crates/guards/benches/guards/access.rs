//! What it takes to know who shows an API key that is in use.

use std::hint::black_box;
use std::net::IpAddr;
use std::sync::Arc;

use steadflow_access::{Authenticator, Checked, Grantor, NewKey, issue, service_account};
use steadflow_core::access::{CredentialKind, FlowScope, Token};
use steadflow_core::caller::{Caller, Role};
use steadflow_core::ids::TenantId;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{MemoryStore, Store};

use crate::Guard;

const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

pub(crate) const CHECK: Guard = Guard { name: "check_a_kept_key", counted: 11_950, units: 1_000, run: check };

/// Makes a key, shows it once, and then so often.
fn check(times: u32) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime starts").block_on(async {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
        let key = key(&*store).await;
        let authenticator = Authenticator::new(store);
        for _ in 0..=times {
            let token = Token::read_api_key(black_box(&key)).expect("it is a key");
            let address = Some(IpAddr::from([192, 0, 2, 1]));
            let checked = authenticator.check(token.hash(CredentialKind::Key), address, NOW).await;
            assert!(matches!(black_box(checked), Ok(Checked::Known(_))));
        }
    });
}

async fn key(store: &dyn Store) -> String {
    let account = service_account(store, TenantId::DEFAULT, "ci".into(), Role::Operator, NOW).await;
    let new = NewKey {
        principal: account.expect("the store answers").id,
        name: "CI".into(),
        role: Role::Operator,
        flows: FlowScope::All,
        folders: None,
        networks: None,
        expires_at: None,
    };
    issue(store, Grantor::local(&Caller::LOCAL), new, NOW).await.expect("a key is made").secret()
}
