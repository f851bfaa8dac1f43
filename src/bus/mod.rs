//! WHO IS TOLD.
//!
//! **Invariant**: the log is the truth. What arrives by Redis is a wake-up and nothing more; a node believes only what it
//! reads from its own log.
pub mod bell;
pub mod feed;
pub mod relay;

use crate::store::Error;
use std::time::Duration;

/// Longest time of one pass over the log. A connection that died without a word must not end the telling: the pass is
/// given up, and the next one takes another connection.
const PASS_MAX: Duration = Duration::from_secs(10);

/// One pass, given up when it takes too long.
async fn in_time<T>(pass: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    tokio::time::timeout(PASS_MAX, pass).await.unwrap_or(Err(Error::Late))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_pass_that_hangs_is_given_up() {
        assert!(matches!(in_time(std::future::pending::<Result<(), Error>>()).await, Err(Error::Late)));
        assert!(matches!(in_time(std::future::ready(Ok(7))).await, Ok(7)));
    }
}
