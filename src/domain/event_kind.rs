//! Kinds of events.
use super::code::codes;

codes! {
    /// What kind of thing happened.
    EventKind {
        /// A region was set up or edited.
        RegionSaved "REGION_SAVED",
        /// An organization was added, edited or withdrawn.
        OrganizationSaved "ORGANIZATION_SAVED",
        /// A facility was added, edited or withdrawn.
        FacilitySaved "FACILITY_SAVED",
        /// A service was added, edited or withdrawn.
        ServiceSaved "SERVICE_SAVED",
        /// A referral pathway was added, edited or withdrawn.
        PathwaySaved "PATHWAY_SAVED",
        /// A bed unit was added, edited or withdrawn.
        BedUnitSaved "BED_UNIT_SAVED",
        /// A unit's numbers were reported.
        BedsReported "BEDS_REPORTED",
        /// A unit's numbers grew older: aging, stale or expired.
        BedsAged "BEDS_AGED",
        /// A unit paused.
        BedUnitPaused "BED_UNIT_PAUSED",
        /// A unit's pause ended: reopened by its staff, or past its expected end and asking.
        BedUnitPauseEnded "BED_UNIT_PAUSE_ENDED",
        /// A region's travel times were loaded.
        TravelTimesLoaded "TRAVEL_TIMES_LOADED",
        /// Places kept on a unit, or taken by who came on a hold.
        BedHoldsChanged "BED_HOLDS_CHANGED",
        /// A place was held.
        BedHeld "BED_HELD",
        /// A hold was given more time.
        BedHoldExtended "BED_HOLD_EXTENDED",
        /// A hold was given back, or taken back by the unit's agency.
        BedHoldReleased "BED_HOLD_RELEASED",
        /// Somebody came on a hold.
        BedHoldArrived "BED_HOLD_ARRIVED",
        /// A hold's end has passed.
        BedHoldExpired "BED_HOLD_EXPIRED",
        /// The search for somebody's place began.
        EpisodeOpened "EPISODE_OPENED",
        /// Others are asked for somebody, or what is sought has changed.
        EpisodeWentOn "EPISODE_WENT_ON",
        /// It is settled where somebody goes.
        EpisodeSettled "EPISODE_SETTLED",
        /// Somebody needs another place: they were sent on, or nobody drove.
        EpisodeReopened "EPISODE_REOPENED",
        /// Nobody who was asked takes somebody: the sender has to ask elsewhere.
        EpisodeOutOfOffers "EPISODE_OUT_OF_OFFERS",
        /// A search for a place began, and no pathway led its sender to a place that does not have to say no: full, closed, or none
        /// for such a need.
        EpisodeUnmatched "EPISODE_UNMATCHED",
        /// Somebody has waited for a place for another 4, 12 or 24 hours.
        EpisodeWaiting "EPISODE_WAITING",
        /// The search for somebody's place ended.
        EpisodeEnded "EPISODE_ENDED",
        /// A handoff was announced, and is accepted.
        HandoffAnnounced "HANDOFF_ANNOUNCED",
        /// A receiver was asked whether it takes somebody.
        HandoffOffered "HANDOFF_OFFERED",
        /// The receiver has seen the offer.
        HandoffAcknowledged "HANDOFF_ACKNOWLEDGED",
        /// The receiver asked for something before it decides.
        HandoffAsked "HANDOFF_ASKED",
        /// The sender sent what was asked for.
        HandoffAnswered "HANDOFF_ANSWERED",
        /// The receiver put the person on its list.
        HandoffWaitlisted "HANDOFF_WAITLISTED",
        /// The receiver takes the person, and the sender has the choice.
        HandoffAgreed "HANDOFF_AGREED",
        /// It is settled that the person comes here.
        HandoffAccepted "HANDOFF_ACCEPTED",
        /// The receiver does not take the person.
        HandoffDeclined "HANDOFF_DECLINED",
        /// The offer was taken back, or another was chosen.
        HandoffWithdrawn "HANDOFF_WITHDRAWN",
        /// The receiver never answered the offer.
        HandoffExpired "HANDOFF_EXPIRED",
        /// The person set out.
        HandoffDeparted "HANDOFF_DEPARTED",
        /// The person was at the door.
        HandoffArrived "HANDOFF_ARRIVED",
        /// One party confirmed the transfer.
        HandoffConfirmed "HANDOFF_CONFIRMED",
        /// The person is in the receiver's care.
        HandoffTransferred "HANDOFF_TRANSFERRED",
        /// The receiver sent the person on.
        HandoffRedirected "HANDOFF_REDIRECTED",
        /// A handoff ended on the way.
        HandoffFailed "HANDOFF_FAILED",
        /// A word about a handoff is late.
        HandoffLate "HANDOFF_LATE",
        /// A word about a handoff never came.
        HandoffLapsed "HANDOFF_LAPSED",
        /// It was said who drives, or who is asked to.
        HandoffTransportSet "HANDOFF_TRANSPORT_SET",
        /// The time for the transport to come has passed.
        HandoffTransportLate "HANDOFF_TRANSPORT_LATE",
        /// People of both parties, or the receiver and the person, have spoken.
        HandoffContacted "HANDOFF_CONTACTED",
        /// Police were asked to come, for somebody's safety.
        HandoffPoliceAsked "HANDOFF_POLICE_ASKED",
        /// A follow-up was planned.
        FollowUpPlanned "FOLLOW_UP_PLANNED",
        /// Somebody tried to follow up.
        FollowUpAttempted "FOLLOW_UP_ATTEMPTED",
        /// A follow-up is late.
        FollowUpLate "FOLLOW_UP_LATE",
        /// A follow-up ended.
        FollowUpEnded "FOLLOW_UP_ENDED",
        /// Whom a follow-up after a call was about was shredded.
        FollowUpForgotten "FOLLOW_UP_FORGOTTEN",
        /// The retention of what was written in a handoff ended: it is shredded, or opened by nobody any more.
        HandoffShredded "HANDOFF_SHREDDED",
        /// It was said who answers for having sent somebody on.
        HandoffSupervisorNamed "HANDOFF_SUPERVISOR_NAMED",
        /// Nobody was named within the hour who answers for having sent somebody on.
        HandoffSupervisorUnnamed "HANDOFF_SUPERVISOR_UNNAMED",
        /// An agency preserves what is written in a handoff.
        PreservationPlaced "PRESERVATION_PLACED",
        /// A preservation was lifted.
        PreservationLifted "PRESERVATION_LIFTED",
        /// A legal hold was recorded, and its clock runs. This kind and the next three are never told to police.
        LegalHoldBegan "LEGAL_HOLD_BEGAN",
        /// Another 50, 75 or 90 percent of a legal hold's time are over.
        LegalHoldWarned "LEGAL_HOLD_WARNED",
        /// A legal hold's time is over.
        LegalHoldExpired "LEGAL_HOLD_EXPIRED",
        /// A legal hold ended, or the search that it belongs to.
        LegalHoldEnded "LEGAL_HOLD_ENDED",
        /// A minor's guardian is to be reached. This kind and the next three are never told to police.
        GuardianAwaited "GUARDIAN_AWAITED",
        /// A minor's guardian was reached.
        GuardianReached "GUARDIAN_REACHED",
        /// A minor's guardian was not reached in time.
        GuardianLate "GUARDIAN_LATE",
        /// Nobody waits for a guardian any more.
        GuardianEnded "GUARDIAN_ENDED",
        /// Somebody reminded the party whose word about a handoff is awaited.
        HandoffNudged "HANDOFF_NUDGED",
        /// A sealed entry was added to a handoff.
        HandoffNoted "HANDOFF_NOTED",
        /// A person's consent was recorded.
        ConsentRecorded "CONSENT_RECORDED",
        /// A person's consent was revoked.
        ConsentRevoked "CONSENT_REVOKED",
        /// A person's consent that tells an agency of a handoff has begun.
        ConsentBegan "CONSENT_BEGAN",
        /// A person's consent that told an agency of a handoff has ended by its time.
        ConsentExpired "CONSENT_EXPIRED",
        /// By a person's consent an agency is told of a handoff from now on.
        HandoffShared "HANDOFF_SHARED",
        /// Something has changed of a handoff that an agency is told of by consent: where it stands, or what became of the person.
        HandoffShareChanged "HANDOFF_SHARE_CHANGED",
        /// An agency is told of a handoff no longer: the consent is revoked, or has ended.
        HandoffShareEnded "HANDOFF_SHARE_ENDED",
        /// A provider told an agency of a serious and imminent threat.
        ThreatDisclosed "THREAT_DISCLOSED",
        /// Medical personnel opened a program's records in a medical emergency, without consent.
        EmergencyDisclosed "EMERGENCY_DISCLOSED",
        /// Nobody has reviewed within 72 hours what was opened in a medical emergency.
        EmergencyReviewLate "EMERGENCY_REVIEW_LATE",
        /// A privacy office has reviewed what was opened in a medical emergency.
        EmergencyReviewed "EMERGENCY_REVIEWED",
        /// An agency said who is on call for a unit or a team of its own.
        OnCallSet "ON_CALL_SET",
        /// An answer is awaited of a unit or a team, and its people are called.
        CallStarted "CALL_STARTED",
        /// One of them was called.
        CallSent "CALL_SENT",
        /// One of them could not be reached.
        CallFailed "CALL_FAILED",
        /// One of them has seen it.
        CallAcknowledged "CALL_ACKNOWLEDGED",
        /// Nobody is left to call, and there is no answer.
        CallExhausted "CALL_EXHAUSTED",
        /// The answer was given.
        CallAnswered "CALL_ANSWERED",
        /// No answer is awaited any more.
        CallEnded "CALL_ENDED",
        /// Somebody registered a browser that they are reached at.
        PushRegistered "PUSH_REGISTERED",
        /// Somebody is reached at a browser no more.
        PushEnded "PUSH_ENDED",
        /// A mobile team was added, edited or withdrawn.
        TeamSaved "TEAM_SAVED",
        /// A team said another status, or when it will be free.
        TeamStatusSet "TEAM_STATUS_SET",
        /// A team was heard again and had nothing new to say.
        TeamHeard "TEAM_HEARD",
        /// A team missed its heartbeat: its status is unknown.
        TeamLost "TEAM_LOST",
        /// Somebody was granted a role.
        RoleGranted "ROLE_GRANTED",
        /// A grant was revoked.
        GrantRevoked "GRANT_REVOKED",
        /// A notice was posted.
        NoticePosted "NOTICE_POSTED",
        /// A notice was withdrawn before its end.
        NoticeWithdrawn "NOTICE_WITHDRAWN",
        /// An agency acknowledged a notice.
        NoticeAcknowledged "NOTICE_ACKNOWLEDGED",
        /// Units were asked to confirm their numbers now.
        BedUpdateRequested "BED_UPDATE_REQUESTED",
        /// The chain that binds the audit and the ledger of disclosures has grown. Hub operators alone are told.
        AuditChained "AUDIT_CHAINED",
    }
}
