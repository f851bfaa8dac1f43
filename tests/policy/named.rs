//! Whose things the samples of root fields name.
use super::told::Told;
use crate::house::House;
use crate::house::traffic::{places, reports, staff};
use crisis_hub::app::bed;
use crisis_hub::app::consent::{self, RecordConsent};
use crisis_hub::app::episode;
use crisis_hub::app::follow_up::{self, PlanFollowUp};
use crisis_hub::app::handoff::{self, Announce, MoveHandoff, OfferHandoff, OfferTo};
use crisis_hub::app::hold::{self, HoldBed};
use crisis_hub::app::notice::{self, PostNotice};
use crisis_hub::app::poll::{self, Asked, RequestBedUpdate};
use crisis_hub::app::sealed::{self, Note};
use crisis_hub::clock::Clock;
use crisis_hub::domain::follow_up::{FollowUpBy, FollowUpTerm};
use crisis_hub::domain::handoff::{Acceptance, AcceptedBy, Destination, Door, InformationItem, Move};
use crisis_hub::domain::id::{
    BedHoldId, BedUnitId, BedUpdateRequestId, CallId, ConsentId, EpisodeId, FacilityId, FollowUpId, GrantId,
    HandoffEntryId, HandoffId, NoticeId, NounId, OrganizationId, PathwayId, PreservationId, PushSubscriptionId,
    RegionId, ServiceId, TeamId,
};
use crisis_hub::domain::need::Need;
use crisis_hub::domain::notice::{Address, NoticeSeverity, NoticeTerms, NoticeWords};
use crisis_hub::domain::pathway::PathwayMode;
use crisis_hub::domain::poll::Ask;
use crisis_hub::domain::role::Role;
use crisis_hub::domain::sealed::{ConsentFact, ConsentGiven, ConsentKind, Content, Purpose, Signer, Tier};

/// Whose things the samples name.
pub struct Named {
    pub region: RegionId,
    pub organization: OrganizationId,
    pub facility: FacilityId,
    pub service: ServiceId,
    pub pathway: PathwayId,
    pub unit: BedUnitId,
    /// Three that the agency sends to itself: to go its way, to be sent on, and to fail.
    pub handoffs: [HandoffId; 3],
    /// One more, on its way.
    pub driven: HandoffId,
    /// One more, which the receiver has taken over, and what follows it.
    pub received: HandoffId,
    pub follow_up: FollowUpId,
    /// Offers of the agency to itself, each of a search of its own: six that nobody has answered, one that waits for
    /// information, and one with a yes.
    pub offers: [HandoffId; 8],
    /// The search that one more offer belongs to.
    pub episode: EpisodeId,
    /// A pathway that decides.
    pub asked: PathwayId,
    /// Written by the agency into the first of them.
    pub entry: HandoffEntryId,
    /// Recorded by the agency in the first of them.
    pub consent: ConsentId,
    /// Placed by the agency on the handoff that was received.
    pub preservation: PreservationId,
    /// A search with an offer that nobody has answered.
    pub packet: EpisodeId,
    /// What the law counts.
    pub law: super::law::Ours,
    /// Of the people of a unit that somebody is offered to.
    pub call: CallId,
    pub told: Told,
    /// Of the desk.
    pub push: PushSubscriptionId,
    pub hold: BedHoldId,
    pub arriving: BedHoldId,
    pub mobile: ServiceId,
    pub team: TeamId,
    pub grant: GrantId,
    /// Posted by the agency.
    pub notice: NoticeId,
    /// Posted by another agency, which asks for an acknowledgement.
    pub asking: NoticeId,
    /// Made by the agency, of a unit that takes drop-offs and one that is open to the public.
    pub request: BedUpdateRequestId,
    pub subject: String,
    pub later: String,
}

/// An id that differs from a row's in its last bit: it sorts as the row's own, and no row has it.
pub fn beside<I: NounId>(id: I) -> I {
    I::of(uuid::Uuid::from_u128(id.key().as_u128() ^ 1))
}

/// A notice to the whole region that asks for acknowledgements.
async fn post(house: &House, person: &str) -> NoticeId {
    let now = house.clock.now();
    let terms = NoticeTerms {
        severity: NoticeSeverity::Warning,
        address: Address::default(),
        starts_at: now,
        ends_at: now.plus_minutes(60),
        acknowledge: true,
        drill: false,
    };
    let words = NoticeWords { headline: "Amber".into(), text: "Amber".into() };
    let input = PostNotice { words, terms, keyed: None };
    let posted = notice::post(house.hub(), &staff(house.hub(), person), input).await.unwrap();
    posted.changed.unwrap().notice().id
}

/// A search of the first agency, with one offer to itself.
async fn offer(house: &House, person: &str, pathway: PathwayId, unit: BedUnitId) -> (EpisodeId, HandoffId) {
    let sender = staff(house.hub(), person);
    let new = OfferHandoff {
        episode: None,
        to: vec![OfferTo { pathway, to: Destination::Unit(unit), arrive_minutes: None }],
        need: Need::default(),
        person_agreed: Some(true),
        settlement: None,
        called: false,
        changed: Vec::new(),
        on_behalf_of: (person == "dispatcher").then(|| "Amber 12".into()),
        keyed: None,
    };
    let episode = handoff::offer(house.hub(), &sender, new).await.unwrap().changed.unwrap().episode().id;
    let of = episode::handoffs(house.hub(), &sender, &[episode]).await.unwrap();
    (episode, of[&episode][0].handoff().id)
}

/// Nine searches of the first agency, each with one offer to itself; of the seventh information is asked for, and the
/// eighth is agreed to.
async fn offers(house: &House, pathway: PathwayId, unit: BedUnitId) -> Vec<(EpisodeId, HandoffId)> {
    let receiver = staff(house.hub(), "intake");
    let mut made = Vec::new();
    for _ in 0..9 {
        made.push(offer(house, "dispatcher", pathway, unit).await);
    }
    let by = AcceptedBy { name: "Dr. Amber".into(), callback: "555-0100".into() };
    let yes = Move::Accept(Acceptance { by, conditions: Vec::new() });
    for (n, to) in [(6, Move::Ask(vec![InformationItem::Vitals])), (7, yes)] {
        let said = MoveHandoff { handoff: made[n].1, expected_version: None, to, keyed: None };
        handoff::go(house.hub(), &receiver, said).await.unwrap().changed.unwrap();
    }
    made
}

/// Somebody is taken over, and a follow-up is planned.
async fn follow(house: &House, handoff: HandoffId) -> FollowUpId {
    let intake = staff(house.hub(), "intake");
    // It says so for both its sides.
    for to in [Move::Arrive, Move::Confirm(Door::default()), Move::Confirm(Door::default())] {
        let said = MoveHandoff { handoff, expected_version: None, to, keyed: None };
        handoff::go(house.hub(), &intake, said).await.unwrap().changed.unwrap();
    }
    let plan = PlanFollowUp { handoff, term: FollowUpTerm { by: FollowUpBy::Peer, within_hours: 24 }, keyed: None };
    follow_up::plan(house.hub(), &intake, plan).await.unwrap().changed.unwrap().follow_up().id
}

/// An entry of a handoff, and a consent within it.
async fn sealed(house: &House, handoff: HandoffId, agency: OrganizationId) -> (HandoffEntryId, ConsentId) {
    let intake = staff(house.hub(), "intake");
    let content = Content { text: Some("Amber".into()), ..Content::default() };
    let note = Note { handoff, tier: Tier::Clinical, content, keyed: None };
    let entry = sealed::note(house.hub(), &intake, note).await.unwrap().changed.unwrap().id;
    let now = house.clock.now();
    let terms = ConsentFact {
        handoff,
        kind: ConsentKind::Peer,
        from: agency,
        to: vec![agency],
        tiers: vec![Tier::Clinical],
        purposes: vec![Purpose::CareCoordination],
        signer: Signer::Person,
        given: ConsentGiven::Verbal,
        starts_at: now,
        expires_at: now.plus_minutes(60),
        revoked_at: None,
        program: false,
    };
    let record = RecordConsent { terms, keyed: None };
    (entry, consent::record(house.hub(), &intake, record).await.unwrap().changed.unwrap().id)
}

/// Units are asked to confirm their numbers.
async fn requested(house: &House, units: &[BedUnitId]) -> BedUpdateRequestId {
    let ask = Ask { answer_minutes: 30, note: Some("Amber".into()), drill: false };
    let asked = RequestBedUpdate { of: Asked::Units(units.to_vec()), ask, keyed: None };
    let asked = poll::request(house.hub(), &staff(house.hub(), "agency_admin"), asked).await.unwrap();
    asked.changed.unwrap().request().id
}

async fn announced(house: &House, pathway: PathwayId, unit: BedUnitId) -> HandoffId {
    let new = Announce {
        pathway,
        unit,
        need: Need::default(),
        arrive_minutes: None,
        on_behalf_of: Some("Amber 12".into()),
        hold: None,
        episode: None,
        keyed: None,
    };
    let announced = handoff::announce(house.hub(), &staff(house.hub(), "dispatcher"), new).await.unwrap();
    announced.changed.unwrap_or_else(|| panic!("{:?}", announced.problems)).handoff().id
}

impl Named {
    /// The first agency's, with a grant made for the occasion.
    pub async fn ours(house: &House, subject: &str) -> Self {
        let agency = &house.world.agencies[0];
        let grant = house.grant(subject, Role::Peer, agency.organization).await;
        let told = [post(house, "agency_admin").await, post(house, "agency_admin-2").await];
        let request = requested(house, &[agency.chairs(), agency.guest()]).await;
        let intake = staff(house.hub(), "intake");
        bed::report(house.hub(), &intake, reports(&[agency.chairs()], || places(400))).await.unwrap();
        let hold = async || {
            let new = HoldBed { unit: agency.chairs(), minutes: None, need: None, keyed: None };
            hold::place(house.hub(), &intake, new).await.unwrap().changed.unwrap().hold().id
        };
        let (hold, arriving) = (hold().await, hold().await);
        let team = house.team(agency, &format!("Amber team of {subject}")).await;
        let pathway = house.pathway(agency, &format!("Amber pathway of {subject}"), PathwayMode::Announce).await;
        let announced = async || announced(house, pathway, agency.chairs()).await;
        let handoffs = [announced().await, announced().await, announced().await];
        let (driven, received) = (announced().await, announced().await);
        let asked_by = house.pathway(agency, &format!("Amber request of {subject}"), PathwayMode::Request).await;
        let searches = offers(house, asked_by, agency.chairs()).await;
        let (entry, consent) = sealed(house, handoffs[0], agency.organization).await;
        super::calls::on_call(house, agency.guest()).await;
        let (packet, offered) = offer(house, "intake", asked_by, agency.guest()).await;
        let call = super::calls::call_about(house, offered).await;
        let law = super::law::Ours::of(house, announced().await, team, subject).await;
        house.deliver().await;
        Self {
            law,
            offers: std::array::from_fn(|n| searches[n].1),
            episode: searches[8].0,
            asked: asked_by,
            region: house.world.region,
            organization: agency.organization,
            facility: agency.facility,
            service: agency.service,
            pathway,
            unit: agency.chairs(),
            handoffs,
            driven,
            received,
            follow_up: follow(house, received).await,
            entry,
            consent,
            preservation: super::keep::preserved(house, received).await,
            packet,
            call,
            told: super::told::told(house, pathway).await,
            push: super::calls::browser(house).await,
            hold,
            arriving,
            mobile: house.mobile(agency).await,
            team,
            grant: grant.id,
            notice: told[0],
            asking: told[1],
            request,
            subject: format!("new-{subject}"),
            later: house.clock.now().plus_minutes(60).to_string(),
        }
    }

    /// The same request about what is not there.
    pub fn absent(&self) -> Self {
        Self {
            region: beside(self.region),
            organization: beside(self.organization),
            facility: beside(self.facility),
            service: beside(self.service),
            pathway: beside(self.pathway),
            unit: beside(self.unit),
            handoffs: self.handoffs.map(beside),
            driven: beside(self.driven),
            received: beside(self.received),
            follow_up: beside(self.follow_up),
            offers: self.offers.map(beside),
            episode: beside(self.episode),
            asked: beside(self.asked),
            entry: beside(self.entry),
            consent: beside(self.consent),
            preservation: beside(self.preservation),
            packet: beside(self.packet),
            call: beside(self.call),
            told: self.told.absent(),
            push: beside(self.push),
            law: self.law.absent(),
            hold: beside(self.hold),
            arriving: beside(self.arriving),
            mobile: beside(self.mobile),
            team: beside(self.team),
            grant: beside(self.grant),
            notice: beside(self.notice),
            asking: beside(self.asking),
            request: beside(self.request),
            subject: self.subject.clone(),
            later: self.later.clone(),
        }
    }

    /// Every id.
    pub fn all(&self) -> Vec<String> {
        vec![
            self.region.to_string(),
            self.organization.to_string(),
            self.facility.to_string(),
            self.service.to_string(),
            self.pathway.to_string(),
            self.unit.to_string(),
            self.handoffs[0].to_string(),
            self.episode.to_string(),
            self.offers[0].to_string(),
            self.follow_up.to_string(),
            self.entry.to_string(),
            self.consent.to_string(),
            self.preservation.to_string(),
            self.law.legal_hold.to_string(),
            self.call.to_string(),
            self.told.threat.to_string(),
            self.told.emergency.to_string(),
            self.push.to_string(),
            self.hold.to_string(),
            self.team.to_string(),
            self.grant.to_string(),
            self.notice.to_string(),
            self.asking.to_string(),
            self.request.to_string(),
        ]
    }
}
