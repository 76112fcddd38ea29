//! Instructions that belong together become one: a hood over what was computed just for it needs no
//! column in between. The pairs were chosen from what the library does most.

use crate::vm::code::{Code, Op, Reg};

/// Fuses instructions, and closes the gaps that this leaves.
pub(super) fn fuse(code: &mut Code) {
    let straight = Straight::new(code);
    let mut gone = vec![false; code.ops.len()];
    for at in 0..code.ops.len() {
        let Some(Op::Hood { op, plus_self, to, from }) = code.ops.get(at).cloned() else {
            continue;
        };
        let hood = (op, plus_self);
        let Some((made, before)) = straight.maker(code, from, at, &gone) else { continue };
        let fused = match before {
            Op::Mux { condition, then, otherwise, .. } => {
                match straight.maker(code, condition, made, &gone) {
                    Some((tested, Op::Binary { op: test, a, b, .. }))
                        if Straight::unchanged(code, &[a, b], tested, at) =>
                    {
                        let first = code.operands.len() as u32;
                        code.operands.extend([a, b, then, otherwise, condition]);
                        mark(&mut gone, &[tested, made]);
                        let (hood, plus_self) = hood;
                        Op::HoodChoice { hood, plus_self, test, to, first }
                    }
                    _ => continue,
                }
            }
            Op::Binary { op, a, b, .. } => {
                mark(&mut gone, &[made]);
                let (hood, plus_self) = hood;
                Op::HoodBinary { hood, plus_self, op, to, a, b }
            }
            _ => continue,
        };
        // It stands where the hood stood, whose place is the more telling.
        if let Some(slot) = code.ops.get_mut(at) {
            *slot = fused;
        }
    }
    compact(code, &gone);
}

fn mark(gone: &mut [bool], ops: &[usize]) {
    for op in ops {
        if let Some(gone) = gone.get_mut(*op) {
            *gone = true;
        }
    }
}

/// What may move down to the instruction that uses it.
struct Straight {
    /// How often each register is read.
    uses: Vec<u32>,
    /// Instructions that a jump leads to.
    landings: Vec<bool>,
}

impl Straight {
    fn new(code: &Code) -> Self {
        let mut landings = vec![false; code.ops.len() + 1];
        for op in &code.ops {
            if let Op::Jump(to) | Op::JumpUnless { to, .. } = op
                && let Some(landing) = landings.get_mut(*to as usize)
            {
                *landing = true;
            }
        }
        Self { uses: uses(code), landings }
    }

    /// The instruction that makes what a register holds at `at`, if nothing else reads that and no
    /// jump leads in between, and if what it is made of is the same at `at`.
    fn maker(&self, code: &Code, reg: Reg, at: usize, gone: &[bool]) -> Option<(usize, Op)> {
        if self.uses.get(usize::from(reg)) != Some(&1) {
            return None;
        }
        let mut next = at;
        loop {
            if self.landings.get(next).copied().unwrap_or(true) {
                return None;
            }
            next = next.checked_sub(1)?;
            let op = code.ops.get(next)?;
            match op {
                Op::Jump(_) | Op::JumpUnless { .. } | Op::Enter(_) => return None,
                op if op.writes() == Some(reg) => {
                    let read: Vec<Reg> = op.reads().into_iter().flatten().collect();
                    let movable = !gone.get(next).copied().unwrap_or(true)
                        && Self::unchanged(code, &read, next, at);
                    return movable.then(|| (next, op.clone()));
                }
                _ => {}
            }
        }
    }

    /// Whether nothing between two instructions writes these registers, as assignments do. A walked
    /// part may assign to any.
    fn unchanged(code: &Code, regs: &[Reg], from: usize, to: usize) -> bool {
        let between = code.ops.get(from + 1..to).unwrap_or_default();
        between.iter().all(|op| match op {
            Op::Walk { .. } => false,
            op => op.writes().is_none_or(|written| !regs.contains(&written)),
        })
    }
}

fn compact(code: &mut Code, gone: &[bool]) {
    let mut moved = Vec::with_capacity(gone.len() + 1);
    let mut next = 0;
    for gone in gone {
        moved.push(next);
        next += u32::from(!gone);
    }
    moved.push(next);
    for op in &mut code.ops {
        if let Op::Jump(to) | Op::JumpUnless { to, .. } = op {
            *to = moved.get(*to as usize).copied().unwrap_or(next);
        }
    }
    let mut keep = gone.iter().map(|gone| !gone);
    code.ops.retain(|_| keep.next().unwrap_or(true));
    let mut keep = gone.iter().map(|gone| !gone);
    code.spans.retain(|_| keep.next().unwrap_or(true));
}

/// How often each register is read.
fn uses(code: &Code) -> Vec<u32> {
    let mut uses = vec![0; code.registers];
    let mut read = |reg: Reg| {
        if let Some(count) = uses.get_mut(usize::from(reg)) {
            *count += 1;
        }
    };
    code.operands.iter().for_each(|reg| read(*reg));
    let closes = code.closes.iter().map(|site| &site.captures);
    let walks = code.walks.iter().map(|site| &site.captures);
    closes.chain(walks).flatten().for_each(|(_, reg)| read(*reg));
    for site in &code.walks {
        if let Some(reg) = site.walked.given() {
            read(reg);
        }
    }
    code.ops.iter().for_each(|op| op.reads().into_iter().flatten().for_each(&mut read));
    uses
}
