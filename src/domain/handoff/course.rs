//! How the person is handed over: who drives, who has spoken with whom, who is at the door, and what follows.
use super::Party;
use crate::domain::code::codes;
use crate::domain::follow_up::FollowUpTerm;
use crate::domain::id::OrganizationId;
use crate::domain::text::{self, Flaw};
use crate::domain::time::At;

/// Longest that transport may take to come, in minutes: one day.
const PICK_UP_MINUTES_MAX: i64 = 1_440;

codes! {
    /// How the person is brought.
    TransportMode {
        /// By law enforcement.
        LawEnforcement "LAW_ENFORCEMENT",
        /// By an ambulance.
        Ems "EMS",
        /// By a secure behavioral-health transport.
        SecureBh "SECURE_BH",
        /// By a mobile team.
        MobileTeam "MOBILE_TEAM",
        /// By the receiving facility.
        Facility "FACILITY",
        /// By family, or by themself.
        FamilyOrSelf "FAMILY_OR_SELF",
        /// Otherwise.
        Other "OTHER",
    }
    /// How far the transport is.
    TransportStage {
        /// It is asked for; nobody has said yes.
        Requested "REQUESTED",
        /// Somebody drives.
        Assigned "ASSIGNED",
        /// The person is under way.
        PickedUp "PICKED_UP",
        /// The time to come has passed, and nobody drives.
        NobodyDrives "NOBODY_DRIVES",
    }
    /// A word between people that a handoff is made warm by.
    ContactKind {
        /// The person, the sender and the receiver spoke on one line.
        ThreeWayCall "THREE_WAY_CALL",
        /// Nurse spoke with nurse.
        NurseToNurse "NURSE_TO_NURSE",
        /// Physician spoke with physician.
        PhysicianToPhysician "PHYSICIAN_TO_PHYSICIAN",
        /// The receiver spoke with the person.
        SpokeWithPerson "SPOKE_WITH_PERSON",
        /// The person approved the summary that is told once; it stands among the sealed entries.
        SummaryApproved "SUMMARY_APPROVED",
    }
    /// How warm a handoff was.
    Warmth {
        /// In person, at the door.
        WarmInPerson "WARM_IN_PERSON",
        /// The person was on the line with both.
        WarmVoice3Way "WARM_VOICE_3WAY",
        /// Only those who care for the person spoke.
        WarmProviderToProvider "WARM_PROVIDER_TO_PROVIDER",
        /// Nobody spoke.
        Cold "COLD",
    }
    /// Why police were asked to come. There is no other reason.
    SafetyTrigger {
        /// A weapon is at hand.
        Weapon "WEAPON",
        /// Somebody else is threatened.
        ThreatToOthers "THREAT_TO_OTHERS",
        /// A suicide attempt is under way.
        AttemptUnderWay "ATTEMPT_UNDER_WAY",
        /// The place is not safe to enter.
        SceneUnsafe "SCENE_UNSAFE",
        /// The person asked for them.
        PersonAsked "PERSON_ASKED",
    }
}

/// How the person is handed over, coded: the log keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Course {
    /// What follows once the person is in care, as the pathway says.
    pub follow_ups: Vec<FollowUpTerm>,
    /// Who drives.
    pub transport: Option<Transport>,
    /// Who spoke with whom, each kind once: the last time.
    pub contacts: Vec<Contact>,
    /// What was seen at the door.
    pub door: Door,
    /// Why police were asked to come.
    pub police: Option<PoliceAsked>,
}

/// Who drives, on a clock of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Transport {
    /// How.
    pub mode: TransportMode,
    /// Whose, where that is an agency of the network.
    pub provider: Option<OrganizationId>,
    /// How far it is.
    pub stage: TransportStage,
    /// By when it comes.
    pub pick_up_by: At,
    /// That has passed, and the log has told so.
    pub late: bool,
    /// When it was asked for.
    pub requested_at: At,
    /// When somebody said yes.
    pub assigned_at: Option<At>,
    /// When the person was under way.
    pub picked_up_at: Option<At>,
}

/// What is said of the transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransportWord {
    /// How.
    pub mode: TransportMode,
    /// Whose.
    pub provider: Option<OrganizationId>,
    /// Somebody has said yes.
    pub assigned: bool,
    /// In how many minutes it comes.
    pub pick_up_minutes: u32,
}

/// Somebody spoke with somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Contact {
    /// Who with whom.
    pub kind: ContactKind,
    /// When it was said so.
    pub at: At,
    /// By whom it was said.
    pub by: Party,
}

/// What was seen at the door. Where both say it, the receiver's word stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Door {
    /// How warm the handoff was.
    pub warmth: Option<Warmth>,
    /// A peer was there.
    pub peer_present: Option<bool>,
    /// The person was restrained on the way.
    pub restraint_used: Option<bool>,
}

/// Why police were asked to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PoliceAsked {
    /// Why.
    pub trigger: SafetyTrigger,
    /// The person agreed.
    pub person_agreed: bool,
    /// When.
    pub at: At,
}

impl TransportWord {
    /// Checks each limit.
    pub fn check(&self) -> Result<(), Flaw> {
        text::within("pickUpMinutes", i64::from(self.pick_up_minutes), 0, PICK_UP_MINUTES_MAX)
    }
}

impl Transport {
    /// By when it is waited for; never once it has come, or the log has told that it has not.
    pub fn due_at(&self) -> Option<At> {
        let waits = matches!(self.stage, TransportStage::Requested | TransportStage::Assigned);
        (waits && !self.late).then_some(self.pick_up_by)
    }

    /// How it is at an instant, whether or not the log has told so yet.
    #[must_use]
    pub fn seen_at(self, now: At) -> Self {
        if self.due_at().is_some_and(|due| due <= now) { self.overdue() } else { self }
    }

    /// What becomes of it when its time has passed: who has said yes is late, and nobody else drives.
    fn overdue(self) -> Self {
        let nobody = self.stage == TransportStage::Requested;
        Self { stage: if nobody { TransportStage::NobodyDrives } else { self.stage }, late: true, ..self }
    }
}

impl Course {
    /// What a pathway lets follow.
    pub fn of(follow_ups: &[FollowUpTerm]) -> Self {
        Self { follow_ups: follow_ups.to_vec(), ..Self::default() }
    }

    /// It is said who drives, of somebody who set out at that instant or is still waiting.
    pub(super) fn drive(&mut self, word: TransportWord, departed_at: Option<At>, now: At) {
        let before = self.transport;
        let under_way = before.and_then(|before| before.picked_up_at).or(departed_at);
        // A yes that is said again, with another time, is the same yes.
        let yes = before.filter(|before| (before.mode, before.provider) == (word.mode, word.provider));
        let yes = yes.and_then(|before| before.assigned_at);
        let stage = match (under_way, word.assigned) {
            (Some(_), _) => TransportStage::PickedUp,
            (None, true) => TransportStage::Assigned,
            (None, false) => TransportStage::Requested,
        };
        self.transport = Some(Transport {
            mode: word.mode,
            provider: word.provider,
            stage,
            pick_up_by: now.plus_minutes(i64::from(word.pick_up_minutes)),
            late: false,
            requested_at: before.map_or(now, |before| before.requested_at),
            assigned_at: word.assigned.then_some(yes.unwrap_or(now)),
            picked_up_at: under_way,
        });
    }

    pub(super) fn speak(&mut self, kind: ContactKind, by: Party, now: At) {
        self.contacts.retain(|contact| contact.kind != kind);
        self.contacts.push(Contact { kind, at: now, by });
    }

    /// The person is under way, whoever drives.
    pub(super) fn set_out(&mut self, now: At) {
        if let Some(transport) = self.transport.as_mut().filter(|transport| transport.picked_up_at.is_none()) {
            (transport.stage, transport.picked_up_at) = (TransportStage::PickedUp, Some(now));
        }
    }

    pub(super) fn at_the_door(&mut self, said: Door, by: Party) {
        let stands = by == Party::Receiver;
        let door = self.door;
        self.door = Door {
            warmth: one_of(door.warmth, said.warmth, stands),
            peer_present: one_of(door.peer_present, said.peer_present, stands),
            restraint_used: one_of(door.restraint_used, said.restraint_used, stands),
        };
    }

    /// The transport's time has passed: what is told of it; `None` before that.
    pub(super) fn transport_overdue(&self, now: At) -> Option<Self> {
        let transport = self.transport.filter(|transport| transport.due_at().is_some_and(|due| due <= now))?;
        Some(Self { transport: Some(transport.overdue()), ..self.clone() })
    }
}

fn one_of<T>(before: Option<T>, said: Option<T>, stands: bool) -> Option<T> {
    if stands { said.or(before) } else { before.or(said) }
}
