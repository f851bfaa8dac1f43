//! Roles: the capacities in which somebody may use the hub.
use super::code::codes;

codes! {
    /// In which capacity somebody acts. A grant gives one role at one organization.
    Role {
        /// Law-enforcement officer or co-responder in the field.
        Officer "OFFICER",
        /// 911 telecommunicator, acting for the field units that the center dispatches.
        Dispatcher "DISPATCHER",
        /// Emergency medical services in the field.
        Ems "EMS",
        /// Emergency department or transfer center staff.
        EmergencyDepartment "EMERGENCY_DEPARTMENT",
        /// Crisis-center intake or charge nurse.
        Intake "INTAKE",
        /// Mobile crisis team.
        MobileTeam "MOBILE_TEAM",
        /// 988 line clinician.
        Line988 "LINE_988",
        /// Peer specialist.
        Peer "PEER",
        /// Advocate or family liaison.
        Advocate "ADVOCATE",
        /// Member of the regional council.
        Council "COUNCIL",
        /// Analyst of the regional council.
        Analyst "ANALYST",
        /// Administrator of one agency, and its privacy office: reads the ledger of disclosures, reviews emergencies, preserves
        /// handoffs; reads no handoff.
        AgencyAdmin "AGENCY_ADMIN",
        /// Operator of the hub.
        HubOperator "HUB_OPERATOR",
    }
}
