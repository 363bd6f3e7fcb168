// Runs ONNX files outside this library: node runOnnx.mjs <onnxruntime-node|onnxruntime-web> <job.json>.
// A job lists { model, inputs: { name: { shape, data } } }; the outputs go to stdout as JSON, one object a job.
import { readFile } from 'node:fs/promises';

const [runtime, jobFile] = process.argv.slice(2);
const ort = await import(runtime);
const sessions = new Map();
const results = [];
for (const { model, inputs } of JSON.parse(await readFile(jobFile, 'utf8'))) {
  if (!sessions.has(model))
    sessions.set(model, await ort.InferenceSession.create(new Uint8Array(await readFile(model))));
  const session = sessions.get(model);
  const feeds = Object.entries(inputs).map(([name, { shape, data }]) => [
    name,
    new ort.Tensor('float32', Float32Array.from(data), shape),
  ]);
  const outputs = await session.run(Object.fromEntries(feeds));
  const plain = Object.entries(outputs).map(([name, { dims, data }]) => [name, { shape: dims, data: [...data] }]);
  results.push({ inputNames: session.inputNames, outputs: Object.fromEntries(plain) });
}
process.stdout.write(JSON.stringify(results), () => process.exit(0));
