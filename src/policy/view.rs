//! Views: what of a row a viewer may read.
mod emergency;
mod threat;
mod told;

pub use emergency::{EmergencyView, emergency};
pub use threat::{ThreatView, threat};
pub use told::{ShareView, share, shared_follow_up, shared_handoff};

use super::rules::{Action, Reach};
use super::scope::{Scope, Stand};
use super::viewer::Viewer;
use crate::domain::bed::{Availability, BedUnit, BedUnitDetails, PauseReason, Report, Seat, UnitDefinition};
use crate::domain::entry::{Details, Entry, Version};
use crate::domain::episode::{Episode, EpisodeEnd};
use crate::domain::follow_up::FollowUp;
use crate::domain::handoff::{
    AcceptanceCondition, AcceptedBy, ChosenFor, Course, DeclineReason, Ending, Handoff, NeedSummary, Offer, Supervisor,
    Transport,
};
use crate::domain::hold::{Hold, HoldState};
use crate::domain::id::{BedUnitId, OrganizationId};
use crate::domain::notice::{Acknowledgement, Notice};
use crate::domain::poll::BedUpdateRequest;
use crate::domain::share::HandoffShare;
use crate::domain::team::{Said, Team, TeamShownAs};
use crate::domain::time::At;
use std::sync::Arc;

/// A unit as one scope sees it at one instant. Only views become answers.
#[derive(Clone, Debug)]
pub struct BedUnitView {
    unit: Arc<BedUnit>,
    availability: Availability,
    numbers: bool,
    census: bool,
    own: bool,
    now: At,
}

/// Whether a scope sees a unit at all.
pub fn sees(scope: &Scope, unit: &BedUnit) -> bool {
    scope.sees(unit.entry.region, unit.entry.owner, unit.definition().audience())
}

/// Whether a scope sees an entry of the directory.
pub fn sees_entry<D: Details>(scope: &Scope, entry: &Entry<D>) -> bool {
    scope.sees(entry.region, entry.owner, entry.details.audience())
}

/// Whether a scope sees a unit and what it stands on.
pub fn sees_seat(scope: &Scope, seat: &Seat) -> bool {
    sees(scope, &seat.unit) && sees_entry(scope, &*seat.service) && sees_entry(scope, &*seat.facility)
}

/// What of a unit a scope may read; `None` when the scope does not see it at all.
pub fn bed_unit(scope: &Scope, unit: Arc<BedUnit>, now: At) -> Option<BedUnitView> {
    let entry = &unit.entry;
    if !sees(scope, &unit) {
        return None;
    }
    let own = scope.own().is_some_and(|(own, _)| own == entry.owner);
    let census = match scope.census() {
        Reach::Agency => own,
        Reach::Region | Reach::Hub => true,
        Reach::Nowhere | Reach::Own | Reach::DropOff | Reach::Public => false,
    };
    Some(BedUnitView {
        availability: unit.availability(now),
        numbers: census || !scope.coarse(),
        census,
        own,
        now,
        unit,
    })
}

/// A hold as one scope sees it at one instant.
#[derive(Clone, Debug)]
pub struct HoldView {
    hold: Hold,
    now: At,
}

/// What of a hold a scope may read: both its sides read all of it, and nobody else anything.
pub fn hold(scope: &Scope, hold: Hold, now: At) -> Option<HoldView> {
    scope.sees_hold(&hold).then_some(HoldView { hold, now })
}

impl HoldView {
    /// The hold, as both its sides may read it.
    pub fn hold(&self) -> &Hold {
        &self.hold
    }

    /// Where it stands at the instant it was seen, whether or not the log has told of its end yet.
    pub fn state(&self) -> HoldState {
        self.hold.state_at(self.now)
    }
}

/// A handoff as one scope sees it at one instant.
#[derive(Clone, Debug)]
pub struct HandoffView {
    handoff: Handoff,
    stand: Stand,
    share: Option<HandoffShare>,
    police: bool,
    now: At,
}

/// What of a handoff a scope may read: its parties read it, those who coordinate the region what is coded of it while its
/// search is open, and nobody else anything.
pub fn handoff(scope: &Scope, handoff: Handoff, now: At) -> Option<HandoffView> {
    let stand = scope.stand_to_handoff(&handoff)?;
    Some(HandoffView { handoff, stand, share: None, police: scope.police(), now })
}

impl HandoffView {
    /// The handoff, as all who see it may read it; needs, words and names are asked of the view.
    pub fn handoff(&self) -> &Handoff {
        &self.handoff
    }

    /// Whether it is read by one of its parties.
    pub fn is_partys(&self) -> bool {
        self.stand == Stand::Party
    }

    /// The call sign of the field unit that it was announced for, for its parties.
    pub fn on_behalf_of(&self) -> Option<&str> {
        self.handoff.on_behalf_of.as_deref().filter(|_| self.is_named())
    }

    /// Who said yes and how to reach them, for its parties.
    pub fn accepted_by(&self) -> Option<&AcceptedBy> {
        self.offer().and_then(|offer| offer.accepted_by.as_ref()).filter(|_| self.is_named())
    }

    /// Whether names and words of staff are read: by its parties, until the retention has ended. What an agency preserves
    /// beyond that shows nothing more than what is shredded.
    fn is_named(&self) -> bool {
        self.is_partys() && self.text_ended_at().is_none()
    }

    /// When the retention of what is written in it ended, where it has: no word of who preserves it.
    pub fn text_ended_at(&self) -> Option<At> {
        self.handoff.retention_ended(self.now)
    }

    /// Who answers for it that the person was sent on, for those of both parties who care for people.
    pub fn supervisor(&self) -> Option<&Supervisor> {
        self.handoff.supervisor.as_ref().filter(|_| !self.police && self.is_partys())
    }

    /// Their name.
    pub fn supervisor_name(&self) -> Option<&str> {
        self.supervisor()?.name.as_deref().filter(|_| self.is_named())
    }

    /// Whether the word that is awaited is late at the instant it was seen, whether or not the log has told so yet.
    pub fn is_late(&self) -> bool {
        self.handoff.late || self.handoff.due_at.is_some_and(|due| due <= self.now)
    }

    /// What of the need travels with it, for those who care for people: police are shown place, state and time.
    pub fn need(&self) -> Option<&NeedSummary> {
        (!self.police).then_some(&self.handoff.need)
    }

    /// How the person is handed over, for those of both parties who care for people.
    pub fn course(&self) -> Option<&Course> {
        (!self.police && self.is_partys()).then_some(&self.handoff.course)
    }

    /// Who drives: police may be those who do.
    pub fn transport(&self) -> Option<Transport> {
        self.handoff.course.transport.map(|transport| transport.seen_at(self.now))
    }

    /// What was asked and answered, where it was asked for.
    pub fn offer(&self) -> Option<&Offer> {
        self.handoff.offer.as_ref()
    }

    /// What the receiver asked for and depends on, and what has changed, for those who care for people: it may say something of
    /// their health.
    pub fn offer_of_care(&self) -> Option<&Offer> {
        self.offer().filter(|_| self.gives_reasons())
    }

    /// How it ended and why, for all but those who are told by consent: a reason may say something of the person's health.
    pub fn ending(&self) -> Option<Ending> {
        self.handoff.ending.filter(|_| self.stand != Stand::Told)
    }

    fn gives_reasons(&self) -> bool {
        !self.police && self.stand != Stand::Told
    }

    /// Why the receiver does not take the person, for those who care for people: it may say something of their health.
    pub fn decline(&self) -> Option<(DeclineReason, &[AcceptanceCondition])> {
        let Some(Ending::Declined(reason)) = self.handoff.ending.filter(|_| self.gives_reasons()) else { return None };
        Some((reason, self.offer().map_or(&[], |offer| &offer.coded.could_accept_if)))
    }
}

/// A follow-up as one scope sees it.
#[derive(Clone, Copy, Debug)]
pub struct FollowUpView {
    follow_up: FollowUp,
    part2: bool,
}

/// What of a follow-up a scope may read: all of it, or nothing.
pub fn follow_up(scope: &Scope, follow_up: FollowUp) -> Option<FollowUpView> {
    scope.sees_follow_up(&follow_up).then_some(FollowUpView { follow_up, part2: false })
}

impl FollowUpView {
    /// The follow-up.
    pub fn follow_up(&self) -> &FollowUp {
        &self.follow_up
    }
}

/// An episode as one scope sees it.
#[derive(Clone, Debug)]
pub struct EpisodeView {
    episode: Episode,
    stand: Stand,
    police: bool,
}

/// What of an episode a scope may read: the agency that seeks reads it, those who coordinate the region while it is open, and
/// nobody else anything.
pub fn episode(scope: &Scope, episode: Episode) -> Option<EpisodeView> {
    let stand = scope.stand_to_episode(&episode)?;
    Some(EpisodeView { episode, stand, police: scope.police() })
}

impl EpisodeView {
    /// The episode; the need is asked of the view.
    pub fn episode(&self) -> &Episode {
        &self.episode
    }

    /// Whether it is read by the agency that seeks.
    pub fn is_partys(&self) -> bool {
        self.stand == Stand::Party
    }

    /// Whose preference decided, for those who care for people.
    pub fn chosen_for(&self) -> Option<ChosenFor> {
        self.episode.chosen_for.filter(|_| !self.police)
    }

    /// Why it ended without a place; to police what its handoff says of it, and of the person's health nothing.
    pub fn reason(&self) -> Option<EpisodeEnd> {
        self.episode.reason.filter(|reason| !(self.police && *reason == EpisodeEnd::MedicalCare))
    }

    /// What is sought, for those who care for people.
    pub fn need(&self) -> Option<&NeedSummary> {
        (!self.police).then_some(&self.episode.need)
    }
}

impl BedUnitView {
    /// The unit's definition and words, which everyone who sees the unit may read.
    pub fn entry(&self) -> &Entry<BedUnitDetails> {
        &self.unit.entry
    }

    /// Its id.
    pub fn id(&self) -> BedUnitId {
        self.unit.id()
    }

    /// Its version.
    pub fn version(&self) -> Version {
        self.unit.version()
    }

    /// What it counts, and for whom.
    pub fn definition(&self) -> &UnitDefinition {
        self.unit.definition()
    }

    /// What is derived from the last report, less the numbers.
    pub fn availability(&self) -> Availability {
        let mut seen = self.availability;
        if !self.numbers {
            seen.net = None;
            seen.net_reported = None;
            (seen.held, seen.arrived) = (0, 0);
            seen.over_capacity = false;
        }
        seen
    }

    /// Whether more places are used and blocked than have staff, for those who may read numbers.
    pub fn over_capacity(&self) -> Option<bool> {
        self.numbers.then_some(self.availability.over_capacity)
    }

    /// When the numbers were true.
    pub fn as_of(&self) -> Option<At> {
        self.unit.report.as_ref().map(|report| report.as_of)
    }

    /// The pause: why, for those who may read numbers; since when; and its expected end.
    pub fn pause(&self) -> Option<(Option<PauseReason>, At, At)> {
        let pause = self.unit.pause?;
        Some((Some(pause.reason).filter(|_| self.numbers), pause.since, pause.until))
    }

    /// The whole report, for those who may read the census.
    pub fn report(&self) -> Option<&Report> {
        self.unit.report.as_ref().filter(|_| self.census)
    }

    /// People waiting, for those who may read numbers.
    pub fn waitlist(&self) -> Option<u32> {
        self.unit.report.as_ref().filter(|_| self.numbers).map(|report| report.census.waitlist)
    }

    /// Whether it is seen by those of its own agency who report its numbers.
    pub fn is_own(&self) -> bool {
        self.own
    }

    /// Places kept, and people who came on a hold since the report was true, for those who may read numbers.
    pub fn held_and_arrived(&self) -> Option<(u32, u32)> {
        self.numbers.then_some((self.availability.held, self.availability.arrived))
    }

    /// The instant it was seen at.
    pub fn now(&self) -> At {
        self.now
    }
}

/// A team as one scope sees it at one instant.
#[derive(Clone, Debug)]
pub struct TeamView {
    team: Arc<Team>,
    now: At,
}

/// Whether a scope sees a team at all.
pub fn sees_team(scope: &Scope, team: &Team) -> bool {
    scope.sees(team.entry.region, team.entry.owner, team.entry.details.audience())
}

/// What of a team a scope may read; `None` when the scope does not see it at all.
pub fn team(scope: &Scope, team: Arc<Team>, now: At) -> Option<TeamView> {
    sees_team(scope, &team).then_some(TeamView { team, now })
}

impl TeamView {
    /// The team's definition and words, which everyone who sees the team may read.
    pub fn team(&self) -> &Team {
        &self.team
    }

    /// How it is shown.
    pub fn shown_as(&self) -> TeamShownAs {
        self.team.shown_as(self.now)
    }

    /// What it said last, true or not by now.
    pub fn said(&self) -> Option<Said> {
        self.team.said
    }

    /// When it expects to be free, while it is known to be busy.
    pub fn free_at(&self) -> Option<At> {
        self.team.free_at(self.now)
    }

    /// The instant it was seen at.
    pub fn now(&self) -> At {
        self.now
    }
}

/// A notice as one viewer sees it.
#[derive(Clone, Debug)]
pub struct NoticeView {
    notice: Arc<Notice>,
    own: Option<OrganizationId>,
}

/// What of a notice a viewer may read; `None` when the viewer does not see it at all.
pub fn notice(viewer: &Viewer, scope: &Scope, notice: Arc<Notice>) -> Option<NoticeView> {
    let (author, audience) = (notice.author, notice.audience());
    // Whoever may acknowledge for an agency may know what it has acknowledged.
    let own = viewer.organization().filter(|_| viewer.reach(Action::AcknowledgeNotice) == Reach::Agency);
    scope.sees(author.region, author.organization, audience).then_some(NoticeView { notice, own })
}

impl NoticeView {
    /// What it says, which everyone who sees it may read; who has acknowledged it is asked of the view.
    pub fn notice(&self) -> &Notice {
        &self.notice
    }

    /// The agency that the viewer acts for.
    pub fn own(&self) -> Option<OrganizationId> {
        self.own
    }

    /// Whether the viewer acts for the agency that posted it, which sees every answer.
    pub fn is_own(&self) -> bool {
        self.own == Some(self.notice.author.organization)
    }

    /// The acknowledgements that the viewer may read: all for its own agency, their own agency's for others.
    pub fn acknowledged(&self) -> impl Iterator<Item = &Acknowledgement> {
        self.notice.acknowledged.iter().filter(|done| self.is_own() || Some(done.organization) == self.own)
    }
}

/// A request to units as one scope sees it.
#[derive(Clone, Debug)]
pub struct RequestView(Arc<BedUpdateRequest>);

/// What of a request a scope may read; `None` when the scope does not see it at all.
pub fn bed_update_request(scope: &Scope, request: Arc<BedUpdateRequest>) -> Option<RequestView> {
    let author = request.author;
    scope.sees(author.region, author.organization, request.audience).then_some(RequestView(request))
}

impl RequestView {
    /// The request. Which units it asks is read through each unit's own view.
    pub fn request(&self) -> &BedUpdateRequest {
        &self.0
    }
}
