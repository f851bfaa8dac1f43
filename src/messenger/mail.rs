//! Mail by SMTP.
use super::{ANSWER_TIME_MAX, BadCalls, Missed};
use crate::app::call::Letter;
use crate::config::Calls;
use crate::domain::call::CallFailure;
use lettre::address::Address;
use lettre::message::Mailbox;
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue, MIME_VERSION_1_0};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use secrecy::ExposeSecret;
use std::error::Error;
use std::time::{Duration, SystemTime};

/// Mail to one server. Each message has a connection of its own: there are few, and none may find a dead one.
pub(super) struct Mail {
    server: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    link: String,
}

/// Nobody's "I am out of office" answers it.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }
    fn parse(_: &str) -> Result<Self, Box<dyn Error + Send + Sync>> {
        Ok(Self)
    }
    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

impl Mail {
    pub(super) fn open(calls: &Calls) -> Result<Option<Self>, BadCalls> {
        let url = calls.smtp_url.expose_secret();
        if url.is_empty() {
            return Ok(None);
        }
        let server = AsyncSmtpTransport::<Tokio1Executor>::from_url(url);
        let server = server.map_err(|_| BadCalls("smtp_url is no address of a mail server"))?;
        let from = calls.mail_from.parse().map_err(|_| BadCalls("mail_from is no mailbox"))?;
        let server = server.timeout(Some(ANSWER_TIME_MAX)).build();
        Ok(Some(Self { server, from, link: calls.public_url.clone() }))
    }

    pub(super) async fn carry(&self, letter: &Letter) -> Result<(), Missed> {
        let message = self.message(letter).ok_or_else(|| Missed::for_good(CallFailure::BadAddress))?;
        self.server.send(message).await.map(drop).map_err(|error| match (error.is_permanent(), error.is_transient()) {
            // What the server says may name whom it was for.
            (true, _) => Missed::for_good(CallFailure::Refused),
            (_, true) => Missed::for_now(CallFailure::Refused),
            _ => Missed::for_now(CallFailure::Unreachable),
        })
    }

    fn message(&self, letter: &Letter) -> Option<Message> {
        let to: Address = letter.address()?.expose().parse().ok()?;
        let date = SystemTime::UNIX_EPOCH + Duration::from_micros(u64::try_from(letter.at.micros()).ok()?);
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(letter.text())
            .date(date)
            .message_id(Some(format!("<{}@{}>", letter.id, self.from.email.domain())))
            .header(AutoSubmitted)
            .header(MIME_VERSION_1_0)
            .header(ContentType::TEXT_PLAIN)
            .body(format!("{}\r\n\r\n{}", letter.text(), self.link))
            .ok()
    }
}
