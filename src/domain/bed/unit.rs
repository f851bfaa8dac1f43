//! What a unit does: take a report, pause, grow old.
use super::{
    AHEAD_SECONDS_MAX, Accepting, Availability, BedUnit, BedUnitDetails, COUNT_MAX, Census, EntryHead, Freshness,
    NewReport, Pause, PauseReason, REPORT_AGE_DAYS_MAX, Report, ReportRefused, SLA_MINUTES_MAX, ShownAs,
    UnitDefinition, UnitFact, UnitWords,
};
use crate::domain::due::DueKind;
use crate::domain::entry::{Changed, Details, Entry, Provenance, Version};
use crate::domain::event::{Audience, EventKind, Fact, Happening};
use crate::domain::id::{BedUnitId, Noun, NounId};
use crate::domain::service::ages;
use crate::domain::text::{self, Flaw};
use crate::domain::time::At;

impl Details for BedUnitDetails {
    type Id = BedUnitId;
    const SAVED: EventKind = EventKind::BedUnitSaved;

    fn check(&self) -> Result<(), Flaw> {
        let d = &self.definition;
        text::line("label", &self.label, 120)?;
        ages(d.age_min, d.age_max)?;
        text::within("licensed", i64::from(d.licensed), 0, i64::from(COUNT_MAX))?;
        text::within("slaMinutes", i64::from(d.sla_minutes), 1, i64::from(SLA_MINUTES_MAX))
    }

    fn fact(&self, retired: bool) -> Fact {
        Fact::Unit(Box::new(UnitFact {
            definition: self.definition.clone(),
            retired,
            report: None,
            pause: None,
            told: Freshness::Expired,
            held: Vec::new(),
            arrivals: Vec::new(),
        }))
    }

    fn told(&self, fact: &Fact) -> Option<Self> {
        let Fact::Unit(unit) = fact else { return None };
        Some(Self { definition: unit.definition.clone(), ..self.clone() })
    }

    fn audience(&self) -> Audience {
        self.definition.audience()
    }
}

impl UnitDefinition {
    /// Who may see the unit.
    pub fn audience(&self) -> Audience {
        let drop_off = if self.drop_off { Audience::FIRST_RESPONDER } else { Audience::NOBODY };
        let public = if self.public { Audience::COMMUNITY } else { Audience::NOBODY };
        Audience::CARE.and(drop_off).and(public)
    }
}

impl Census {
    fn check(&self) -> Result<(), Flaw> {
        let most = i64::from(COUNT_MAX);
        for (field, count) in [
            ("staffed", self.staffed),
            ("occupied", self.occupied),
            ("pendingDischarge", self.pending_discharge),
            ("waitlist", self.waitlist),
        ] {
            text::within(field, i64::from(count), 0, most)?;
        }
        let reasons: std::collections::BTreeSet<_> = self.blocked.iter().map(|b| b.reason).collect();
        if reasons.len() != self.blocked.len() {
            return Err(Flaw { field: "blocked", kind: text::FlawKind::Malformed, min: 0, max: 6 });
        }
        self.blocked.iter().try_for_each(|b| text::within("blocked.count", i64::from(b.count), 1, most))
    }

    /// Places that cannot be used.
    pub fn blocked_total(&self) -> u32 {
        self.blocked.iter().fold(0, |sum, b| sum.saturating_add(b.count))
    }

    /// Places in use or blocked.
    fn taken(&self) -> u32 {
        self.occupied.saturating_add(self.blocked_total())
    }
}

impl BedUnit {
    /// A new unit, never reported.
    pub fn create(entry: Changed<Entry<BedUnitDetails>>) -> Changed<Self> {
        let happening = entry.happening().clone();
        let entry = entry.into_state();
        let (held, arrivals) = (Vec::new(), Vec::new());
        Changed::new(Self { entry, report: None, pause: None, told: Freshness::Expired, held, arrivals }, happening)
    }

    /// The unit's id.
    pub fn id(&self) -> BedUnitId {
        self.entry.id
    }

    /// The unit's version.
    pub fn version(&self) -> Version {
        self.entry.version
    }

    /// The unit's coded definition.
    pub fn definition(&self) -> &UnitDefinition {
        &self.entry.details.definition
    }

    /// Takes new details; `None` when nothing differs.
    pub fn edit(&self, details: BedUnitDetails, provenance: Provenance, at: At) -> Result<Option<Changed<Self>>, Flaw> {
        let Some(entry) = self.entry.edit(details, provenance, at)? else { return Ok(None) };
        let next = self.with_entry(entry.into_state());
        // Another interval moves the thresholds: what was told by the old ones no longer stands.
        let told = next.availability(at).freshness;
        // Whoever no longer sees the unit is told too: to them it left.
        let audience = self.definition().audience();
        Ok(Some(Self { told, ..next }.changed(EventKind::BedUnitSaved, at).told_also(audience)))
    }

    /// Withdraws the unit; `None` when it already is.
    pub fn retire(&self, at: At) -> Option<Changed<Self>> {
        let entry = self.entry.retire(at)?.into_state();
        Some(self.with_entry(entry).changed(EventKind::BedUnitSaved, at))
    }

    /// Takes a report; `None` when it says again what already counts.
    pub fn report(&self, new: NewReport, now: At) -> Result<Option<Changed<Self>>, ReportRefused> {
        let as_of = new.as_of.unwrap_or(now);
        if self.entry.retired {
            return Err(ReportRefused::Retired);
        } else if as_of > now.plus_seconds(AHEAD_SECONDS_MAX) {
            return Err(ReportRefused::InFuture);
        } else if as_of < now.plus_minutes(-REPORT_AGE_DAYS_MAX * 24 * 60) {
            return Err(ReportRefused::TooOld);
        }
        let as_of = as_of.min(now);
        let census = match (new.census, &self.report) {
            (Some(census), _) => census,
            (None, Some(last)) => last.census.clone(),
            (None, None) => return Err(ReportRefused::NothingToConfirm),
        };
        census.check().map_err(ReportRefused::Flawed)?;
        match &self.report {
            Some(last) if last.as_of == as_of && last.census == census => return Ok(None),
            Some(last) if last.as_of >= as_of => return Err(ReportRefused::OlderThanStored),
            _ => {}
        }
        let report = Report { id: new.id, as_of, received_at: now, provenance: new.provenance, census };
        let arrivals = self.arrivals_after(as_of);
        let next = Self { report: Some(report), arrivals, ..self.bumped(now) };
        let told = next.availability(now).freshness;
        Ok(Some(Self { told, ..next }.changed(EventKind::BedsReported, now)))
    }

    /// Pauses the unit until an expected end, at most 30 days ahead.
    pub fn pause(&self, reason: PauseReason, until: At, now: At) -> Result<Changed<Self>, Flaw> {
        let ahead = until.micros_since(now).div_euclid(60_000_000);
        text::within("until, in minutes from now,", ahead, 0, 30 * 24 * 60)?;
        Ok(Self { pause: Some(Pause { reason, since: now, until, over: false }), ..self.bumped(now) }
            .changed(EventKind::BedUnitPaused, now))
    }

    /// Ends the pause; `None` when there is none.
    pub fn resume(&self, now: At) -> Option<Changed<Self>> {
        self.pause?;
        Some(Self { pause: None, ..self.bumped(now) }.changed(EventKind::BedUnitPauseEnded, now))
    }

    /// Tells the log that time has changed what is shown; `None` when it has not.
    pub fn tell_time(&self, now: At) -> Option<Changed<Self>> {
        let freshness = self.availability(now).freshness;
        (self.report.is_some() && freshness != self.told)
            .then(|| Self { told: freshness, ..self.bumped(now) }.changed(EventKind::BedsAged, now))
    }

    /// Tells the log that the pause is past its expected end: the unit asks to be called.
    pub fn tell_pause_over(&self, now: At) -> Option<Changed<Self>> {
        let pause = self.pause.filter(|pause| pause.until <= now && !pause.over)?;
        let pause = Some(Pause { over: true, ..pause });
        Some(Self { pause, ..self.bumped(now) }.changed(EventKind::BedUnitPauseEnded, now))
    }

    /// What is true of the unit at an instant.
    pub fn availability(&self, now: At) -> Availability {
        let sla = i64::from(self.definition().sla_minutes);
        let thresholds = self.report.as_ref().map(|r| [1, 2, 4].map(|times| r.as_of.plus_minutes(sla * times)));
        let freshness = match thresholds {
            Some([aging, ..]) if now <= aging => Freshness::Fresh,
            Some([_, stale, _]) if now <= stale => Freshness::Aging,
            Some([_, _, expired]) if now <= expired => Freshness::Stale,
            _ => Freshness::Expired,
        };
        let (held, arrived) = (self.held_now(now), self.arrived());
        let taken = |r: &Report| r.census.taken().saturating_add(held).saturating_add(arrived);
        let net_reported = self.report.as_ref().map(|r| r.census.staffed.saturating_sub(taken(r)));
        let believed = matches!(freshness, Freshness::Fresh | Freshness::Aging);
        let net = net_reported.filter(|_| believed && self.pause.is_none());
        Availability {
            freshness,
            shown_as: self.shown_as(net, now),
            net_reported,
            net,
            held,
            arrived,
            held_until: self.held_until(now),
            over_capacity: self.report.as_ref().is_some_and(|r| taken(r) > r.census.staffed),
            thresholds,
        }
    }

    fn shown_as(&self, net: Option<u32>, now: At) -> ShownAs {
        match (self.pause, net, self.report.as_ref().map(|r| r.census.accepting)) {
            (Some(pause), ..) if now < pause.until => ShownAs::Paused,
            (None, Some(_), Some(Accepting::No)) | (None, Some(0), Some(_)) => ShownAs::Full,
            (None, Some(_), Some(Accepting::Yes)) => ShownAs::Available,
            _ => ShownAs::Call,
        }
    }

    /// When time alone next changes what is shown: of the report, of the pause, and of the places kept.
    pub fn due(&self) -> [(DueKind, Option<At>); 3] {
        // A threshold itself is still the old state; one microsecond later is the new one.
        let after = |at: &At| at.plus_micros(1);
        let thresholds = self.report.as_ref().and_then(|r| self.availability(r.as_of).thresholds);
        let next = thresholds.and_then(|[aging, stale, expired]| match self.told {
            Freshness::Fresh => Some(after(&aging)),
            Freshness::Aging => Some(after(&stale)),
            Freshness::Stale => Some(after(&expired)),
            Freshness::Expired => None,
        });
        let pause_end = self.pause.filter(|pause| !pause.over).map(|pause| pause.until);
        let hold_end = self.held.iter().map(|held| held.until).min();
        let live = |at: Option<At>| at.filter(|_| !self.entry.retired);
        [
            (DueKind::Freshness, live(next)),
            (DueKind::PauseEnd, live(pause_end)),
            // A hold ends on a withdrawn unit too.
            (DueKind::HoldEnd, hold_end),
        ]
    }

    /// What no fact of the unit carries.
    pub fn words(&self) -> UnitWords {
        UnitWords { label: self.entry.details.label.clone(), external_ids: self.entry.external_ids.clone() }
    }

    /// The whole coded state, as the log keeps it.
    pub fn fact(&self) -> UnitFact {
        UnitFact {
            definition: self.definition().clone(),
            retired: self.entry.retired,
            report: self.report.clone(),
            pause: self.pause,
            told: self.told,
            held: self.held.clone(),
            arrivals: self.arrivals.clone(),
        }
    }

    /// The unit as a fact of the log tells it, with the words that no fact carries.
    pub fn from_fact(fact: UnitFact, entry: EntryHead, words: UnitWords) -> Self {
        Self {
            entry: Entry {
                id: entry.id,
                region: entry.region,
                owner: entry.owner,
                version: entry.version,
                details: BedUnitDetails { label: words.label, definition: fact.definition },
                external_ids: words.external_ids,
                retired: fact.retired,
                provenance: fact.report.as_ref().map_or(Provenance::Manual, |r| r.provenance),
                updated_at: entry.at,
            },
            report: fact.report,
            pause: fact.pause,
            told: fact.told,
            held: fact.held,
            arrivals: fact.arrivals,
        }
    }

    fn with_entry(&self, entry: Entry<BedUnitDetails>) -> Self {
        Self { entry, ..self.clone() }
    }

    pub(super) fn bumped(&self, now: At) -> Self {
        self.with_entry(Entry { version: self.entry.version + 1, updated_at: now, ..self.entry.clone() })
    }

    pub(super) fn changed(self, kind: EventKind, at: At) -> Changed<Self> {
        let happening = Happening {
            kind,
            noun: Noun::BedUnit,
            key: self.entry.id.key(),
            version: self.entry.version,
            region: self.entry.region,
            owner: self.entry.owner,
            party: None,
            audience: self.definition().audience(),
            at,
            fact: Fact::Unit(Box::new(self.fact())),
        };
        Changed::new(self, happening)
    }
}
