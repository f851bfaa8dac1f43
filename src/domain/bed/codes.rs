//! The closed lists of bed units.
use crate::domain::code::codes;

codes! {
    /// What a unit counts.
    Countable {
        /// Beds.
        Bed "BED",
        /// Recliner chairs of a receiving center.
        Chair "CHAIR",
        /// Guest rooms.
        Room "ROOM",
        /// Slots, as of a virtual or outpatient service.
        Slot "SLOT",
    }
    /// How a unit places people by gender.
    GenderPolicy {
        /// Anyone.
        Any "ANY",
        /// Women only.
        Female "FEMALE",
        /// Men only.
        Male "MALE",
        /// Rooms are arranged for each person.
        Flexible "FLEXIBLE",
    }
    /// How secure a unit is.
    Security {
        /// Doors are open.
        Open "OPEN",
        /// Doors are locked.
        Locked "LOCKED",
        /// Forensic unit.
        Forensic "FORENSIC",
    }
    /// What a unit is set up for.
    Specialty {
        /// Children.
        Child "CHILD",
        /// Adolescents.
        Adolescent "ADOLESCENT",
        /// Older adults.
        Geriatric "GERIATRIC",
        /// People with intellectual or developmental disability.
        Idd "IDD",
        /// People with dementia or brain injury.
        DementiaTbi "DEMENTIA_TBI",
        /// Pregnancy and the time after birth.
        Perinatal "PERINATAL",
        /// Withdrawal.
        Withdrawal "WITHDRAWAL",
        /// Medical needs beside the crisis, devices included.
        MedicalPsych "MEDICAL_PSYCH",
        /// One-to-one observation.
        OneToOne "ONE_TO_ONE",
        /// People who are deaf or hard of hearing.
        Deaf "DEAF",
        /// Limited mobility.
        Mobility "MOBILITY",
    }
    /// Whether a unit takes people now.
    Accepting {
        /// Yes.
        Yes "YES",
        /// Call first.
        Call "CALL",
        /// No.
        No "NO",
    }
    /// Why a place cannot be used.
    BlockReason {
        /// No staff.
        Staffing "STAFFING",
        /// Isolation.
        Isolation "ISOLATION",
        /// A shared room used by one.
        SingleOccupancy "SINGLE_OCCUPANCY",
        /// Repair or cleaning.
        Maintenance "MAINTENANCE",
        /// The mix of acuity on the unit.
        AcuityMix "ACUITY_MIX",
        /// Reserved.
        Reserved "RESERVED",
    }
    /// Why a unit pauses.
    PauseReason {
        /// No staff.
        Staffing "STAFFING",
        /// An incident on the unit.
        Incident "INCIDENT",
        /// Infection control.
        Infection "INFECTION",
        /// Building or utilities.
        Building "BUILDING",
        /// Weather or evacuation.
        Weather "WEATHER",
        /// Something else.
        Other "OTHER",
    }
    /// Who may hold a place on a unit, and how.
    HoldPolicy {
        /// Anyone who may announce an arrival.
        Open "OPEN",
        /// Only the owner's acceptance holds a place.
        OnAccept "ON_ACCEPT",
        /// No holds.
        None "NONE",
    }
    /// How far the last report can still be believed.
    Freshness {
        /// No older than the unit's update interval.
        Fresh "FRESH",
        /// No older than twice the interval.
        Aging "AGING",
        /// Older than twice the interval.
        Stale "STALE",
        /// Older than four times the interval, or never reported.
        Expired "EXPIRED",
    }
    /// What a first responder is shown.
    ShownAs {
        /// There is a place.
        Available "AVAILABLE",
        /// Call: the number is old, or staff want a call.
        Call "CALL",
        /// There is no place.
        Full "FULL",
        /// The unit has paused.
        Paused "PAUSED",
    }
}
