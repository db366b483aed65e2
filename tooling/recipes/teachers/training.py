"""What the teachers of texts and of words have in common: batches, and the steps of their training."""
import time

import torch
from transformers import get_linear_schedule_with_warmup


def batches(rows, size, length, shuffle):
    """Rows of about one length together, so that little is padded."""
    order = torch.randperm(len(rows)).tolist() if shuffle else list(range(len(rows)))
    pools = [order] if not shuffle else [order[i : i + 50 * size] for i in range(0, len(order), 50 * size)]
    made = []
    for pool in pools:
        pool = sorted(pool, key=lambda i: length(rows[i]))
        made += [[rows[i] for i in pool[j : j + size]] for j in range(0, len(pool), size)]
    return [made[i] for i in torch.randperm(len(made)).tolist()] if shuffle else made


def fine_tune(model, rows, args, length, loss_of, finish):
    """AdamW with warm-up, its word embeddings as they are; `finish(epoch, seconds)` measures and saves after each epoch."""
    start = time.time()
    for parameter in model.base_model.embeddings.word_embeddings.parameters():
        parameter.requires_grad = False
    decayed = [p for p in model.parameters() if p.requires_grad and p.dim() > 1]
    others = [p for p in model.parameters() if p.requires_grad and p.dim() < 2]
    optimizer = torch.optim.AdamW([{"params": decayed, "weight_decay": 0.01}, {"params": others, "weight_decay": 0}], lr=args.lr)
    steps = args.epochs * -(-len(rows) // args.batch_size)
    schedule = get_linear_schedule_with_warmup(optimizer, steps // 10, steps)
    for epoch in range(args.epochs):
        model.train()
        total, done = 0.0, 0
        for batch in batches(rows, args.batch_size, length, True):
            loss = loss_of(batch)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
            total, done = total + loss.item(), done + 1
            if done % 25 == 0:
                print(f"epoch {epoch + 1}, step {done}, loss {total / done:.4f}, {time.time() - start:.0f} s", flush=True)
        finish(epoch, time.time() - start)
