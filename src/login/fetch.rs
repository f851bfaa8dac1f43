//! Calls to an issuer.
//!
//! **Invariant**: only addresses from the settings; no redirects; every call ends in 5 s with at most 256 KiB.
use oauth2::HttpResponse;
use reqwest::{Client, Request, Url, redirect::Policy};
use std::{net::IpAddr, time::Duration};

/// The longest that an issuer may take to answer.
pub(super) const ANSWER_TIME_MAX: Duration = Duration::from_secs(5);
/// The most that an issuer may answer.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// Why an issuer gave no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoAnswer {
    #[error("the call failed: {0}")]
    Call(#[from] reqwest::Error),
    #[error("the answer is larger than {ANSWER_BYTES_MAX} bytes")]
    TooLarge,
    #[error("the answer's status is {0}, not 200")]
    Status(u16),
    #[error("the answer is not a JSON Web Key Set")]
    NotKeys,
}

/// An issuer's address: https, or http to this very machine; without credentials.
pub(super) fn address(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let host = url.host_str()?;
    let ip: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
    let loopback = host == "localhost" || ip.is_some_and(|ip| ip.is_loopback());
    let open = url.username().is_empty() && url.password().is_none();
    (open && (url.scheme() == "https" || (url.scheme() == "http" && loopback))).then_some(url)
}

/// A client for one address.
pub(super) fn client(url: &Url) -> reqwest::Result<Client> {
    let builder = Client::builder().redirect(Policy::none()).timeout(ANSWER_TIME_MAX);
    // A loopback issuer must work in a container that holds no CA certificates.
    if url.scheme() == "https" { builder.https_only(true) } else { builder.tls_certs_only([]) }.build()
}

/// One call; any status is an answer.
pub(super) async fn call(client: &Client, request: Request) -> Result<HttpResponse, NoAnswer> {
    let mut response = client.execute(request).await?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(NoAnswer::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    let mut answer = HttpResponse::new(body);
    *answer.status_mut() = response.status();
    *answer.headers_mut() = std::mem::take(response.headers_mut());
    Ok(answer)
}

/// The body at an address.
pub(super) async fn get(client: &Client, url: &Url) -> Result<Vec<u8>, NoAnswer> {
    let answer = call(client, client.get(url.clone()).build()?).await?;
    if answer.status() == reqwest::StatusCode::OK {
        Ok(answer.into_body())
    } else {
        Err(NoAnswer::Status(answer.status().as_u16()))
    }
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn only_https_or_this_machine() {
        for good in ["https://id.example/jwks", "http://127.0.0.1:9/jwks", "http://localhost/", "http://[::1]:9/"] {
            assert!(address(good).is_some(), "{good}");
        }
        for bad in [
            "http://id.example/jwks",
            "http://127.0.0.1.example/",
            "http://localhost.example/",
            "http://10.0.0.1/",
            "https://user:word@id.example/",
            "file:///etc/passwd",
            "id.example",
            "",
        ] {
            assert!(address(bad).is_none(), "{bad}");
        }
    }
}
