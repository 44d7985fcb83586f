//! How providers of sign-ins are asked: with the guarded client, as flows call others.

use std::pin::Pin;
use std::time::Duration;

use anyhow::Context;
use steadflow_access::{NoOidcAnswer, OidcHttp, OidcProvider, OidcRequest, OidcResponse};
use steadflow_nodes::{GuardedCall, GuardedClient};
use steadflow_store::Store;
use url::Url;

use crate::keys::tenant_of;

/// How long a provider may take to answer.
const WITHIN: Duration = Duration::from_secs(10);

/// Asks providers.
#[derive(Debug)]
pub(crate) struct ProviderClient(pub(crate) GuardedClient);

impl OidcHttp for ProviderClient {
    fn send(
        &self,
        request: OidcRequest,
    ) -> Pin<Box<dyn Future<Output = Result<OidcResponse, NoOidcAnswer>> + Send + '_>> {
        Box::pin(async move { self.answer(&request).await.map_err(NoOidcAnswer) })
    }
}

impl ProviderClient {
    async fn answer(&self, request: &OidcRequest) -> Result<OidcResponse, String> {
        let OidcRequest { url, form, authorization } = request;
        let url = Url::parse(url).map_err(|error| format!("`{url}` is no URL: {error}."))?;
        let fields: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let is_secret = |name: &str| matches!(name, "code" | "code_verifier" | "client_secret");
        let hidden: Vec<_> =
            fields.iter().filter(|(name, _)| is_secret(name)).map(|(_, value)| *value).collect();
        let call = GuardedCall {
            url: &url,
            authorization: authorization.as_deref().map(String::as_str),
            hidden: &hidden,
            within: WITHIN,
        };
        let answered =
            if fields.is_empty() { self.0.get(call).await } else { self.0.post_form(call, &fields).await };
        let answer = answered.map_err(|failure| failure.message)?;
        Ok(OidcResponse { status: answer.status, body: answer.body })
    }
}

/// Checks that the tenants exist that the settings of a provider name.
pub(crate) async fn check_tenants(store: &dyn Store, provider: &OidcProvider) -> anyhow::Result<()> {
    let named = provider.groups.iter().map(|group| &group.tenant).chain([&provider.tenant]);
    for tenant in named {
        let found = tenant_of(store, tenant).await;
        found.with_context(|| format!("The setting `oidc` of `{}` is not valid", provider.id))?;
    }
    Ok(())
}
