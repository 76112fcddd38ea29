//! Instructions that belong together become one: a hood over what was computed just for it needs no
//! column in between. The pairs were chosen from what the library does most.

use crate::vm::code::{Code, Op, Reg};

/// Fuses instructions, and closes the gaps that this leaves.
pub(super) fn fuse(code: &mut Code) {
    let uses = uses(code);
    let landings = landings(code);
    let once = |reg: Reg| uses.get(usize::from(reg)) == Some(&1);
    let lands = |at: usize| landings.contains(&(at as u32));
    let mut gone = vec![false; code.ops.len()];
    for at in 0..code.ops.len() {
        let Some([first, second, ..]) = code.ops.get(at..) else { break };
        let fused = match (first, second, code.ops.get(at + 2)) {
            (
                Op::Binary { op, to: test, a, b },
                Op::Mux { to: chosen, condition, then, otherwise },
                Some(Op::Hood { op: hood, plus_self, to, from }),
            ) if test == condition && chosen == from && once(*test) && once(*chosen) => {
                let operands = [*a, *b, *then, *otherwise, *test];
                let first = code.operands.len() as u32;
                let op = Op::HoodChoice {
                    hood: *hood,
                    plus_self: *plus_self,
                    test: *op,
                    to: *to,
                    first,
                };
                Some((op, operands.to_vec(), 3))
            }
            (
                Op::Binary { op, to: result, a, b },
                Op::Hood { op: hood, plus_self, to, from },
                _,
            ) if result == from && once(*result) => {
                let (hood, plus_self, op, to) = (*hood, *plus_self, *op, *to);
                let op = Op::HoodBinary { hood, plus_self, op, to, a: *a, b: *b };
                Some((op, Vec::new(), 2))
            }
            _ => None,
        };
        let Some((op, operands, len)) = fused else { continue };
        if (at + 1..at + len).any(lands) {
            continue;
        }
        code.operands.extend(operands);
        // The fused instruction stands where the hood stood, whose place is the more telling.
        for (i, gone) in gone.iter_mut().enumerate().skip(at).take(len - 1) {
            debug_assert!(i >= at);
            *gone = true;
        }
        if let Some(slot) = code.ops.get_mut(at + len - 1) {
            *slot = op;
        }
    }
    compact(code, &gone);
}

/// Where jumps lead.
fn landings(code: &Code) -> Vec<u32> {
    let target = |op: &Op| match op {
        Op::Jump(to) | Op::JumpUnless { to, .. } => Some(*to),
        _ => None,
    };
    code.ops.iter().filter_map(target).collect()
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
