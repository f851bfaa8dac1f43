//! Who is on call for a unit or a mobile team: the chain of people that are called when its answer is awaited.
use super::call::CallChannel;
use super::code::codes;
use super::entry::{Changed, Version};
use super::event::{Audience, EventKind, Fact, Happening};
use super::handoff::Destination;
use super::id::{BedUnitId, GlobalId, GrantId, Noun, NounId, OnCallId, OrganizationId, RegionId, TeamId};
use super::text::{self, Flaw, FlawKind};
use super::time::At;
use std::fmt;

/// Most steps of a chain.
pub const STEPS_MAX: i64 = 8;
/// Longest address, in characters.
pub const ADDRESS_MAX: usize = 200;
/// Longest name of a step, in characters.
pub const LABEL_MAX: usize = 60;
/// Most minutes that a step waits: a day.
pub const AFTER_MINUTES_MAX: i64 = 1_440;

codes! {
    /// From when the minutes of a step count.
    CallFrom {
        /// From when the answer was asked for.
        Asked "ASKED",
        /// From when half the time to the answer has passed.
        Half "HALF",
        /// From when the answer is due.
        Due "DUE",
    }
}

/// Words about the agency's own staff: kept and shown to it, and printed nowhere.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct OfStaff(String);

impl OfStaff {
    /// Takes words as they were given.
    pub fn new(words: String) -> Self {
        Self(words)
    }
    /// The words, for whoever calls, or shows them to the agency.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for OfStaff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// One step of a chain: who is called, how, and when.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct OnCallStep {
    /// By which channel.
    pub channel: CallChannel,
    /// Where to; none for the board.
    pub address: Option<OfStaff>,
    /// Who that is: a role or a name.
    pub label: Option<OfStaff>,
    /// From when its minutes count.
    pub from: CallFrom,
    /// How many minutes after that.
    pub after_minutes: u32,
}

/// Who is on call for a unit or a team, in the order in which they are called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnCall {
    /// Its id.
    pub id: OnCallId,
    /// The region.
    pub region: RegionId,
    /// The unit's or the team's agency.
    pub owner: OrganizationId,
    /// For which unit or team.
    pub whose: Destination,
    /// How often it has changed.
    pub version: Version,
    /// The steps; none, and nobody is called.
    pub steps: Vec<OnCallStep>,
    /// The words of its steps, sealed, while they are not opened: then the steps have none.
    pub sealed: Option<Vec<u8>>,
    /// When it last changed.
    pub updated_at: At,
}

/// A chain as the log keeps it: how it is made, and nobody who is in it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct OnCallFact {
    /// The unit; none where it is a team's.
    #[serde(default)]
    pub unit: Option<BedUnitId>,
    /// The team; none where it is a unit's.
    #[serde(default)]
    pub team: Option<TeamId>,
    /// The channels of its steps.
    pub channels: Vec<CallChannel>,
}

impl OnCallStep {
    fn check(&self) -> Result<(), Flaw> {
        let malformed = |field| Err(Flaw { field, kind: FlawKind::Malformed, min: 0, max: 0 });
        text::within("afterMinutes", i64::from(self.after_minutes), 0, AFTER_MINUTES_MAX)?;
        if let Some(label) = &self.label {
            text::line("label", label.expose(), LABEL_MAX)?;
        }
        let Some(address) = &self.address else {
            return if self.channel == CallChannel::Board { Ok(()) } else { malformed("address") };
        };
        let address = address.expose();
        text::line("address", address, ADDRESS_MAX)?;
        let spaced = address.contains(char::is_whitespace);
        let fits = match self.channel {
            CallChannel::Board => false,
            CallChannel::Email => !spaced && is_mail(address),
            CallChannel::Webhook => !spaced,
            CallChannel::Push => GlobalId::parse(address).and_then(GlobalId::as_noun::<GrantId>).is_some(),
        };
        if fits { Ok(()) } else { malformed("address") }
    }

    /// When it is to be taken, for an answer that was asked for and is due.
    fn at(&self, asked: At, due: At) -> At {
        let base = match self.from {
            CallFrom::Asked => asked,
            CallFrom::Half => asked.plus_micros(due.micros_since(asked).max(0) / 2),
            CallFrom::Due => due,
        };
        base.plus_minutes(i64::from(self.after_minutes))
    }
}

/// Whether it looks like one mailbox: one `@`, something on both sides, and nothing that a header gives a meaning.
fn is_mail(address: &str) -> bool {
    let odd = |c: char| !c.is_ascii() || "<>()[],;:\\\"".contains(c);
    match address.split_once('@') {
        Some((local, host)) => !local.is_empty() && !host.is_empty() && !host.contains('@') && !address.contains(odd),
        None => false,
    }
}

impl OnCall {
    /// Names who is on call for a unit or a team for the first time.
    pub fn name(
        id: OnCallId,
        (region, owner): (RegionId, OrganizationId),
        whose: Destination,
        steps: Vec<OnCallStep>,
        now: At,
    ) -> Result<Changed<Self>, Flaw> {
        let new = Self { id, region, owner, whose, version: 0, steps: Vec::new(), sealed: None, updated_at: now };
        new.change(steps, now)
    }

    /// Names others.
    pub fn change(&self, steps: Vec<OnCallStep>, now: At) -> Result<Changed<Self>, Flaw> {
        text::within("steps", i64::try_from(steps.len()).unwrap_or(i64::MAX), 0, STEPS_MAX)?;
        steps.iter().try_for_each(OnCallStep::check)?;
        let changed = Self { steps, sealed: None, version: self.version + 1, updated_at: now, ..self.clone() };
        let channels = changed.steps.iter().map(|step| step.channel).collect();
        let happening = Happening {
            kind: EventKind::OnCallSet,
            noun: Noun::OnCall,
            key: self.id.key(),
            version: changed.version,
            region: self.region,
            owner: self.owner,
            party: None,
            audience: Audience::AGENCY,
            at: now,
            fact: Fact::OnCall(OnCallFact { unit: self.whose.unit(), team: self.whose.team(), channels }),
        };
        Ok(Changed::new(changed, happening))
    }

    /// The step of a number, and when it is to be taken: never before those that stand before it.
    pub fn step(&self, number: usize, asked: At, due: At) -> Option<(&OnCallStep, At)> {
        let step = self.steps.get(number)?;
        let at = self.steps.iter().take(number + 1).map(|step| step.at(asked, due)).max()?;
        Some((step, at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn step(from: CallFrom, after_minutes: u32) -> OnCallStep {
        OnCallStep { channel: CallChannel::Board, address: None, label: None, from, after_minutes }
    }

    fn chain(steps: Vec<OnCallStep>) -> Result<OnCall, Flaw> {
        let place = (RegionId::of(Uuid::nil()), OrganizationId::of(Uuid::nil()));
        let (id, unit) = (OnCallId::of(Uuid::nil()), BedUnitId::of(Uuid::nil()));
        Ok(OnCall::name(id, place, Destination::Unit(unit), steps, At::from_micros(0))?.into_state())
    }

    #[test]
    fn no_step_is_taken_before_those_that_stand_before_it() {
        let at = |minutes: i64| At::from_micros(0).plus_minutes(minutes);
        let steps =
            [(CallFrom::Asked, 0), (CallFrom::Half, 5), (CallFrom::Asked, 3), (CallFrom::Due, 0), (CallFrom::Due, 10)];
        let chain = chain(steps.map(|(from, after)| step(from, after)).into()).unwrap();
        let instants = |due| (0..6).map(|n| chain.step(n, at(0), due).map(|(_, at)| at)).collect::<Vec<_>>();
        assert_eq!(instants(at(30)), [Some(at(0)), Some(at(20)), Some(at(20)), Some(at(30)), Some(at(40)), None]);
        // An answer that is due in two minutes, and one that was due before it was asked for.
        assert_eq!(instants(at(2)), [Some(at(0)), Some(at(6)), Some(at(6)), Some(at(6)), Some(at(12)), None]);
        assert_eq!(instants(at(-9))[4], Some(at(5)));
    }

    #[test]
    fn whoever_is_in_it_is_printed_nowhere() {
        let (address, label) = (OfStaff::new("zed@amber.example".into()), OfStaff::new("Zed Quill".into()));
        let mail = OnCallStep {
            channel: CallChannel::Email,
            address: Some(address),
            label: Some(label),
            ..step(CallFrom::Asked, 0)
        };
        let chain = chain(vec![mail.clone()]).unwrap();
        let flaw =
            chain.change(vec![OnCallStep { channel: CallChannel::Board, ..mail }], At::from_micros(0)).unwrap_err();
        let changed = chain.change(Vec::new(), At::from_micros(0)).unwrap();
        let printed = format!("{chain:?} {flaw:?} {flaw} {changed:?}");
        assert!(!printed.contains("zed@") && !printed.contains("Quill"), "{printed}");
    }
}
