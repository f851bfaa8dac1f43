//! Invented referral pathways of the demo region: what services of a kind usually ask for.
use crate::domain::follow_up::{FollowUpBy, FollowUpTerm};
use crate::domain::id::ServiceId;
use crate::domain::need::{Acuity, LegalStatus, MedicalScreening, WithdrawalRisk};
use crate::domain::pathway::{Criteria, Paper, PathwayDetails, PathwayMode, Terms};
use crate::domain::role::Role;
use crate::domain::service::{ServiceDetails, ServiceKind};

/// Who brings people to a door that refuses nobody.
const TO_A_DOOR: [Role; 5] = [Role::Officer, Role::Dispatcher, Role::Ems, Role::MobileTeam, Role::Line988];
/// How many of one level of care the others turn to next.
pub(crate) const FALLBACKS: usize = 2;
/// Who asks for a place.
const FOR_A_PLACE: [Role; 4] = [Role::EmergencyDepartment, Role::Intake, Role::MobileTeam, Role::Line988];

/// The pathway to a service of a kind that people are sent to; none to a line or an office.
pub(crate) fn to(id: ServiceId, service: &ServiceDetails) -> Option<PathwayDetails> {
    use ServiceKind as S;
    let name = match service.kind {
        S::Receiving23h => "First-responder drop-off",
        S::Sobering => "Sobering drop-off",
        S::StabilizationShort => "Crisis stabilization referral",
        S::PsychInpatient => "Inpatient transfer",
        S::WithdrawalMgmt => "Withdrawal management referral",
        S::PeerRespite => "Introduction to the house",
        S::LivingRoom => "Walk-in with a peer",
        S::Mobile => "Send a mobile team",
        _ => return None,
    };
    let mut terms = Terms {
        service: id,
        from_roles: if service.no_refusal { TO_A_DOOR.into() } else { FOR_A_PLACE.into() },
        mode: if service.no_refusal { PathwayMode::Announce } else { PathwayMode::Request },
        self_referral_call: false,
        criteria: criteria(service),
        papers: Vec::new(),
        hours: None,
        acknowledge_minutes: if service.no_refusal { 5 } else { 30 },
        decide_minutes: if service.no_refusal { 5 } else { 60 },
        arrive_minutes: if service.no_refusal { 60 } else { 120 },
        hold_minutes: 30,
        fallbacks: Vec::new(),
        follow_ups: follow_ups(service.kind),
        effective_from: None,
        effective_until: None,
    };
    match service.kind {
        S::PsychInpatient => terms.papers = vec![Paper::FaceSheet, Paper::MedicalClearance, Paper::TransferCertificate],
        S::WithdrawalMgmt => terms.papers = vec![Paper::FaceSheet, Paper::MedicationList],
        S::Sobering => terms.from_roles = vec![Role::Officer, Role::Dispatcher, Role::Ems, Role::MobileTeam],
        S::Mobile => {
            terms.from_roles = vec![Role::Dispatcher, Role::Intake, Role::Line988];
            (terms.acknowledge_minutes, terms.decide_minutes, terms.arrive_minutes) = (2, 6, 60);
        }
        S::PeerRespite | S::LivingRoom => {
            terms.from_roles = vec![Role::Intake, Role::MobileTeam, Role::Line988];
            terms.self_referral_call = service.kind == S::PeerRespite;
        }
        _ => {}
    }
    Some(PathwayDetails { name: name.into(), terms })
}

/// What usually follows: a call within three days, and from a peer house within one.
fn follow_ups(kind: ServiceKind) -> Vec<FollowUpTerm> {
    use ServiceKind as S;
    let term = |by, within_hours| FollowUpTerm { by, within_hours };
    match kind {
        S::PeerRespite => vec![term(FollowUpBy::Peer, 24), term(FollowUpBy::Clinic, 72)],
        S::LivingRoom => vec![term(FollowUpBy::Peer, 24)],
        S::Mobile => vec![term(FollowUpBy::Team, 24)],
        S::Receiving23h | S::StabilizationShort | S::WithdrawalMgmt => vec![term(FollowUpBy::Clinic, 72)],
        // The measure of follow-up after a stay is seven days (HEDIS FUH).
        S::PsychInpatient => vec![term(FollowUpBy::Clinic, 168)],
        _ => Vec::new(),
    }
}

fn criteria(service: &ServiceDetails) -> Criteria {
    use ServiceKind as S;
    let statuses = [(LegalStatus::Voluntary, service.voluntary), (LegalStatus::Involuntary, service.involuntary)];
    let taken: Vec<LegalStatus> = statuses.into_iter().filter(|(_, taken)| *taken).map(|(status, _)| status).collect();
    let everybody = Criteria {
        age_min: service.age_min,
        age_max: service.age_max,
        // Both is no condition.
        legal_status: if taken.len() == 2 { Vec::new() } else { taken },
        ..Criteria::default()
    };
    match service.kind {
        S::Receiving23h => Criteria { vitals_out_of_range: Some(false), ..everybody },
        S::PsychInpatient => Criteria {
            medical_screening: vec![MedicalScreening::DoneStable],
            withdrawal_risk: vec![WithdrawalRisk::None, WithdrawalRisk::Low],
            ..everybody
        },
        S::StabilizationShort => Criteria {
            withdrawal_risk: vec![WithdrawalRisk::None, WithdrawalRisk::Low, WithdrawalRisk::Moderate],
            vitals_out_of_range: Some(false),
            ..everybody
        },
        S::WithdrawalMgmt | S::Sobering => Criteria { vitals_out_of_range: Some(false), ..everybody },
        // Houses of peers keep no clinical gate: whether somebody comes is settled on the phone.
        S::PeerRespite | S::LivingRoom => Criteria { acuity: vec![Acuity::Low, Acuity::Moderate], ..everybody },
        _ => everybody,
    }
}
