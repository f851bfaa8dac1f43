//! What a referral pathway stands on; it is saved as any entry of the directory.
use super::directory::{Entered, standing};
use super::error::Error;
use super::outcome::{Problem, ProblemCode};
use crate::domain::id::{OrganizationId, PathwayId};
use crate::domain::pathway::{PathwayDetails, PathwayMode};
use crate::domain::service::ServiceDetails;
use crate::store::Tx;

impl Entered for PathwayDetails {
    async fn needs(&self, tx: &Tx, id: Option<PathwayId>) -> Result<Option<OrganizationId>, Error> {
        let service = standing::<ServiceDetails>(tx, self.terms.service, "serviceId").await?;
        if self.terms.mode == PathwayMode::Announce && !service.details.no_refusal {
            let says =
                "Only a service that refuses no first responder is announced to: send REQUEST, or change the service.";
            let problem = Problem::new(ProblemCode::WrongState).at(&["mode"]).saying(says.into());
            return Err(Error::Refused(vec![problem.with_current(service.id)]));
        }
        let mut before: Vec<PathwayId> = id.into_iter().collect();
        for fallback in &self.terms.fallbacks {
            if before.contains(fallback) {
                return Err(Error::BadInput("`fallbackIds` names other pathways, each once".into()));
            }
            before.push(*fallback);
            standing::<Self>(tx, *fallback, "fallbackIds").await?;
        }
        Ok(Some(service.owner))
    }
}
