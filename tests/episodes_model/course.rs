//! How somebody is handed over, in the model: who drives and on which clock, who spoke with whom, what was seen at the door.
use super::model::{Agency, Handoff, Minutes, Model, Said};
use super::words::{Drives, Word};
use crisis_hub::app::ProblemCode;
use crisis_hub::domain::handoff::{ContactKind, HandoffState, Party, TransportStage};

/// Longest that transport may take to come: a day.
const COMES_MOST: u32 = 1_440;
/// How long nobody else is reminded of the same handoff.
const QUIET: Minutes = 10;

/// What is said beside the way.
#[derive(Clone, Debug, Default)]
pub struct Course {
    pub drive: Option<Drive>,
    /// Each kind once: when it was said last, and by whom.
    pub spoken: Vec<(ContactKind, Minutes, Party)>,
    /// Whether a peer was at the door, in the sender's words and in the receiver's.
    pub peer: (Option<bool>, Option<bool>),
    /// Whether the person agreed that police come, and when they were asked to.
    pub police: Option<(bool, Minutes)>,
    pub nudged: Option<Minutes>,
}

/// Who drives, as it was said last.
#[derive(Clone, Copy, Debug)]
pub struct Drive {
    pub by: Option<Agency>,
    /// When it was asked for first.
    pub asked: Minutes,
    /// When whoever drives said yes.
    pub assigned: Option<Minutes>,
    pub comes: Minutes,
    /// It was told that it has not come.
    pub late: bool,
}

impl Drives {
    /// What is wrong with it, whatever the handoff.
    pub fn flaw(self) -> Option<Said> {
        match self.by {
            _ if self.minutes > COMES_MOST => Some(Said::BadInput),
            // An agency of another region is nobody that this one knows.
            Some(Agency::Cedar) => Some(Said::NotFound),
            _ => None,
        }
    }
}

impl Handoff {
    /// How far the transport is. Who is under way is driven, whoever was to drive.
    pub fn stage(&self) -> Option<TransportStage> {
        let drive = self.course.drive?;
        Some(match drive {
            _ if self.set_out.is_some() => TransportStage::PickedUp,
            Drive { assigned: Some(_), .. } => TransportStage::Assigned,
            Drive { late: true, .. } => TransportStage::NobodyDrives,
            _ => TransportStage::Requested,
        })
    }

    /// By when it is told that nobody came: while somebody waits to be fetched, and once.
    pub fn transport_due(&self) -> Option<Minutes> {
        let drive = self.course.drive.filter(|drive| !drive.late && self.state == HandoffState::Accepted)?;
        Some(drive.comes)
    }

    /// What is said beside the way moves nothing but itself.
    pub fn hear_beside(&mut self, word: Word, by: Party, now: Minutes) {
        let course = &mut self.course;
        match word {
            Word::Contact(kind) => {
                course.spoken.retain(|(known, ..)| *known != kind);
                course.spoken.push((kind, now, by));
            }
            Word::AskPolice { agreed } => course.police = Some((agreed, now)),
            Word::Drive(says) => {
                let before = course.drive;
                let yes = before.filter(|before| before.by == says.by).and_then(|before| before.assigned);
                course.drive = Some(Drive {
                    by: says.by,
                    asked: before.map_or(now, |before| before.asked),
                    assigned: says.assigned.then(|| yes.unwrap_or(now)),
                    comes: now + i64::from(says.minutes),
                    late: false,
                });
            }
            _ => unreachable!(),
        }
        self.version += 1;
    }

    /// Whether a peer was there: the receiver's word stands.
    pub fn peer_was_there(&self) -> Option<bool> {
        let (sender, receiver) = self.course.peer;
        receiver.or(sender)
    }

    /// That it has not come is told.
    pub fn tell_transport(&mut self, now: Minutes) {
        if self.transport_due().is_some_and(|due| due <= now)
            && let Some(drive) = &mut self.course.drive
        {
            drive.late = true;
            self.version += 1;
        }
    }

    /// Whoever waits to be fetched waits on a clock, or everybody knows that nobody came.
    pub fn check_transport(&self) {
        let Some(stage) = self.stage().filter(|_| self.state == HandoffState::Accepted) else { return };
        let late = self.course.drive.is_some_and(|drive| drive.late);
        assert!(stage != TransportStage::PickedUp && late == self.transport_due().is_none(), "{self:?}");
        assert!(late || stage != TransportStage::NobodyDrives, "{self:?}");
    }
}

impl Model {
    /// Reminds whoever has the next word; nobody reminds themself.
    pub fn nudge(&mut self, by: Agency, handoff: usize) -> Said {
        if !self.is_partys(handoff, by) {
            return Said::NotFound;
        }
        let (now, receiver) = (self.now, self.owner(self.handoffs[handoff].goal));
        let of = &mut self.handoffs[handoff];
        let next = match of.awaits() {
            Some(Party::Receiver) => receiver,
            Some(_) => Agency::Basalt,
            None => return Said::refused(ProblemCode::WrongState),
        };
        // An agency that is both reminds its own people.
        if next == by && receiver != Agency::Basalt {
            return Said::refused(ProblemCode::WrongState);
        } else if of.course.nudged.is_some_and(|last| now - last < QUIET) {
            return Said::refused(ProblemCode::TooSoon);
        }
        of.course.nudged = Some(now);
        of.version += 1;
        Said::done()
    }
}
