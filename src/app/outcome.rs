//! What a mutation answers: what changed, or the problems that kept it from changing anything.
use super::error::Error;
use crate::domain::code::codes;
use crate::domain::id::GlobalId;

codes! {
    /// Expected refusals of mutations. More may be added.
    ProblemCode {
        /// The object has changed since you read it: read `current` and decide again.
        StaleVersion "STALE_VERSION",
        /// Other writes came first too often: send the same request again.
        Conflict "CONFLICT",
        /// The idempotency key was used with another input: use a new key.
        IdempotencyConflict "IDEMPOTENCY_CONFLICT",
        /// A report with a later or equal as-of time counts already: see `current`.
        OlderThanStored "OLDER_THAN_STORED",
        /// The as-of time lies ahead of the hub's time: check the clock of the reporting system.
        AsOfInFuture "AS_OF_IN_FUTURE",
        /// The as-of time is more than 7 days back: send the numbers of today.
        AsOfTooOld "AS_OF_TOO_OLD",
        /// The unit has never reported, so there is nothing to confirm: send numbers.
        NothingToConfirm "NOTHING_TO_CONFIRM",
        /// The object is withdrawn.
        Retired "RETIRED",
        /// A number or a text is outside its limits: the message names the field and the limits.
        OutOfRange "OUT_OF_RANGE",
        /// The object is not in a state that allows this.
        WrongState "WRONG_STATE",
        /// The unit leaves holds to its own staff, or has none: call it.
        HoldPolicy "HOLD_POLICY",
        /// No place is free that can be believed: call the unit, or look for another.
        NoCapacity "NO_CAPACITY",
        /// Your agency has as many holds as it may: release one that is no longer needed.
        HoldLimit "HOLD_LIMIT",
        /// A hold may not last that long: ask for less, or ask the unit's agency to extend it.
        HoldTooLong "HOLD_TOO_LONG",
        /// The hold's end has passed, and its place may be taken: hold again.
        HoldExpired "HOLD_EXPIRED",
        /// The principal holds this very grant already: see `current`.
        AlreadyGranted "ALREADY_GRANTED",
        /// Nobody holds this role at an agency of this kind: see the published policy.
        RoleDoesNotFit "ROLE_DOES_NOT_FIT",
        /// Grants hold at the agency whose roles nobody holds at one of the new kind: revoke them first. The message says how
        /// many, and of which roles.
        GrantsDoNotFit "GRANTS_DO_NOT_FIT",
        /// The pathway is not open to your role now: see `matchPathways` for those that are.
        PathwayClosed "PATHWAY_CLOSED",
        /// The pathway does not take this person: the message says why. See its `fallbacks`.
        CriteriaNotMet "CRITERIA_NOT_MET",
        /// Another receiver was chosen, or was the first to accept: nothing is left to do here.
        AlreadyTaken "ALREADY_TAKEN",
        /// The receiver's yes depends on conditions: see that they are met, and say so with your choice.
        ConditionsOpen "CONDITIONS_OPEN",
        /// As many receivers as may be asked at once are asked already: wait for one, or take an offer back.
        OfferLimit "OFFER_LIMIT",
        /// This unit is asked already: see `current`.
        AlreadyOffered "ALREADY_OFFERED",
        /// This unit has said no to this person: say what has changed since.
        SayWhatChanged "SAY_WHAT_CHANGED",
        /// The person speaks with this house first: call together, then ask, and say that you did.
        CallFirst "CALL_FIRST",
        /// The person has to consent first: no consent stands that lets your agency be told this tier for this purpose.
        ConsentRequired "CONSENT_REQUIRED",
        /// Your agency is a program under 42 CFR Part 2: what it knows of the person is not told for a threat. Medical personnel open
        /// it in an emergency.
        Part2Program "PART2_PROGRAM",
        /// Nobody at this agency may be told on this ground. Of a threat: name one that has officers or dispatchers, law enforcement
        /// alone for an escape, or call. By consent: name one that is not of criminal justice, no council, and not withdrawn.
        NobodyToTell "NOBODY_TO_TELL",
        /// What was written here is no longer opened: its retention has ended, 90 days after the handoff's end, or its key is destroyed.
        RetentionEnded "RETENTION_ENDED",
        /// Your agency preserves this handoff already, and for at least as long: see `current`. One that lasts longer is
        /// placed beside it.
        AlreadyPreserved "ALREADY_PRESERVED",
        /// Somebody was reminded of this within the last ten minutes: call, or wait. The message says until when.
        TooSoon "TOO_SOON",
        /// The region keeps to no jurisdiction that the hub knows: have its operator name one (`crisis-hub grant --jurisdiction`).
        NoJurisdiction "NO_JURISDICTION",
        /// The region's jurisdiction has no such legal status with a clock: see `Region.jurisdiction`.
        UnknownLegalStatus "UNKNOWN_LEGAL_STATUS",
        /// It lies ahead of the hub's time: record it when it has begun.
        BeginsInFuture "BEGINS_IN_FUTURE",
        /// A legal hold stands already: see `current`; end it, or say that yours takes its place.
        LegalHoldStands "LEGAL_HOLD_STANDS",
        /// The hub writes to no push service at this address: see which it does, in the settings of the hub.
        UnknownPushService "UNKNOWN_PUSH_SERVICE",
        /// As many browsers as may be are registered under your grant: take one back.
        PushLimit "PUSH_LIMIT",
        /// Another region has this code.
        CodeTaken "CODE_TAKEN",
    }
}

/// One expected refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Which.
    pub code: ProblemCode,
    /// What to do, in one sentence.
    pub message: String,
    /// The input that it is about, as a path into `input`.
    pub path: Vec<String>,
    /// What is true now, if the viewer may see it.
    pub current: Option<GlobalId>,
}

impl Problem {
    /// A problem with the sentence of its code.
    pub fn new(code: ProblemCode) -> Self {
        use crate::domain::code::Coded;
        Self { code, message: code.doc().into(), path: Vec::new(), current: None }
    }

    /// The problem, about one part of the input.
    #[must_use]
    pub fn at(self, path: &[&str]) -> Self {
        Self { path: path.iter().map(|&step| step.to_owned()).collect(), ..self }
    }

    /// The problem, with what is true now.
    #[must_use]
    pub fn with_current(self, current: impl Into<GlobalId>) -> Self {
        Self { current: Some(current.into()), ..self }
    }

    /// The problem, with another sentence.
    #[must_use]
    pub fn saying(self, message: String) -> Self {
        Self { message, ..self }
    }
}

/// What a mutation did.
#[derive(Clone, Debug)]
pub struct Outcome<T> {
    /// What changed, as the viewer sees it; nothing when there are problems.
    pub changed: Option<T>,
    /// Why nothing changed.
    pub problems: Vec<Problem>,
    /// Whether the same request had been done before.
    pub replayed: bool,
}

impl<T> Outcome<T> {
    /// Something changed, or was found done.
    pub fn done(changed: T, replayed: bool) -> Self {
        Self { changed: Some(changed), problems: Vec::new(), replayed }
    }

    /// The same, as the viewer sees what changed: what they may not see is not there.
    pub fn seen<V>(self, see: impl FnOnce(T) -> Option<V>) -> Result<Outcome<V>, Error> {
        let changed = self.changed.map(|changed| see(changed).ok_or(Error::NotFound)).transpose()?;
        Ok(Outcome { changed, problems: self.problems, replayed: self.replayed })
    }

    /// Takes expected refusals as data and leaves every other error one.
    pub fn settle(result: Result<Self, Error>) -> Result<Self, Error> {
        use crate::store::MayConflict;
        match result {
            Err(Error::Refused(problems)) => Ok(Self { changed: None, problems, replayed: false }),
            Err(error) if error.is_conflict() => {
                Ok(Self { changed: None, problems: vec![Problem::new(ProblemCode::Conflict)], replayed: false })
            }
            other => other,
        }
    }
}
