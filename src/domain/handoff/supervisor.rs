//! Who at the receiver answers for sending an announced person on: named with it, or within the hour.
use super::Handoff;
use crate::domain::entry::Changed;
use crate::domain::event::EventKind;
use crate::domain::text::{self, Flaw};
use crate::domain::time::At;

/// Within how many minutes of a redirection a supervisor is named.
pub const NAME_MINUTES: i64 = 60;
/// Most characters of a supervisor's name.
const NAME_MAX: usize = 120;

/// Who answers for a redirection: the coded part, which the log keeps, and the name, which it does not.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Supervisor {
    /// The coded part.
    pub coded: SupervisorCoded,
    /// The name; none while nobody is named, and when it is shredded.
    pub name: Option<String>,
}

/// Whether somebody was named who answers for a redirection, coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SupervisorCoded {
    /// Until when somebody is named.
    pub due_at: At,
    /// When somebody was.
    pub named_at: Option<At>,
    /// Nobody was, and the log has told so.
    pub unnamed: bool,
}

/// Nobody's name is awaited: the handoff was not sent on, somebody is named, or the hour has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAwaited;

/// Checks a supervisor's name.
pub fn check_name(name: &str) -> Result<(), Flaw> {
    text::line("supervisorName", name, NAME_MAX)
}

impl Supervisor {
    /// Who answers for a redirection: named with it, or awaited.
    pub(super) fn of_redirection(name: Option<&String>, now: At) -> Self {
        let coded =
            SupervisorCoded { due_at: now.plus_minutes(NAME_MINUTES), named_at: name.map(|_| now), unnamed: false };
        Self { coded, name: name.cloned() }
    }

    /// Until when a name is awaited.
    fn due_at(&self) -> Option<At> {
        (self.coded.named_at.is_none() && !self.coded.unnamed).then_some(self.coded.due_at)
    }
}

impl Handoff {
    /// Until when a supervisor's name is awaited.
    pub fn supervisor_due_at(&self) -> Option<At> {
        self.supervisor.as_ref().and_then(Supervisor::due_at)
    }

    /// Names who answers for having sent the person on.
    pub fn name_supervisor(&self, name: &str, now: At) -> Result<Changed<Self>, NotAwaited> {
        self.supervisor_due_at().filter(|due| now < *due).ok_or(NotAwaited)?;
        Ok(self.supervised(|coded| coded.named_at = Some(now), Some(name), EventKind::HandoffSupervisorNamed, now))
    }

    /// Tells the log that nobody was named within the hour. `None` while the hour runs, and once somebody is.
    pub fn tell_unnamed(&self, now: At) -> Option<Changed<Self>> {
        self.supervisor_due_at().filter(|due| *due <= now)?;
        Some(self.supervised(|coded| coded.unnamed = true, None, EventKind::HandoffSupervisorUnnamed, now))
    }

    fn supervised(
        &self,
        change: impl FnOnce(&mut SupervisorCoded),
        name: Option<&str>,
        kind: EventKind,
        now: At,
    ) -> Changed<Self> {
        let mut next = Self { version: self.version + 1, ..self.clone() };
        if let Some(supervisor) = &mut next.supervisor {
            change(&mut supervisor.coded);
            supervisor.name = name.map(str::to_owned);
        }
        next.changed(kind, now)
    }
}
