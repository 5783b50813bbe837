//! The pipeline: messages, steps, images, depth, traces, jobs, diagnosis.
