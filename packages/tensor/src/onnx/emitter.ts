import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import type { DType, HostTensor } from '../host.ts';
import { type Dim, isStatic, type Shape } from '../shape.ts';
import {
  type AttributeProto,
  AttributeProtoSchema,
  type GraphProto,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from './onnx_pb.ts';

/** Where a lowered graph will run: it decides which of several equal operators is emitted. */
export type Target = 'cpu' | 'wasm' | 'webgpu' | 'export';

export type AttributeValue = number | string | readonly number[] | GraphProto;

const elementType: Record<DType, number> = { float32: 1, uint8: 2, int32: 6, int64: 7, bool: 9 };

/** ONNX opset: 18 has axes as inputs for every reduction, and every runtime we use has it. */
const opset = 18n;
const irVersion = 8n;

/** Collects the nodes and initialisers of one ONNX graph. Names are unique within the model. */
export class Emitter {
  readonly target: Target;
  readonly #nodes: NodeProto[] = [];
  readonly #initializers = new Map<string, TensorProto>();
  readonly #memo = new Map<string, string>();
  readonly #prefix: string;
  readonly #outputs = new Set<string>();
  #count = 0;
  /** For each unknown size, a graph input and axis from which it can be read. */
  readonly #symbols = new Map<string, { input: string; axis: number; factor: number }>();

  constructor(target: Target, prefix = '') {
    this.target = target;
    this.#prefix = prefix;
  }

  #fresh(hint: string): string {
    this.#count++;
    return `${this.#prefix}${hint}_${this.#count}`;
  }

  /** Appends a node with one output, or finds an equal one; returns the output's name. */
  node(
    opType: string,
    inputs: readonly string[],
    attributes: Record<string, AttributeValue> = {},
    { domain = '', output }: { domain?: string; output?: string } = {},
  ): string {
    const key = output === undefined ? `${domain}.${opType}(${inputs})${JSON.stringify(attributes)}` : undefined;
    const known = key && this.#memo.get(key);
    if (known) return known;
    const name = output ?? this.#fresh(opType.toLowerCase());
    this.nodes(opType, inputs, [name], attributes, domain);
    if (key) this.#memo.set(key, name);
    return name;
  }

  /** Appends a node with the given output names. */
  nodes(
    opType: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: Record<string, AttributeValue> = {},
    domain = '',
  ): void {
    const attribute = Object.entries(attributes).map(([name, value]) => makeAttribute(name, value));
    this.#nodes.push(
      create(NodeProtoSchema, {
        opType,
        input: [...inputs],
        output: [...outputs],
        name: outputs[0]!,
        attribute,
        ...(domain && { domain }),
      }),
    );
  }

  /** An initialiser holding `value`; equal small ones are shared. */
  constant(value: HostTensor): string {
    const raw = rawBytes(value);
    const key = raw.length <= 256 ? `${value.dtype}[${value.shape}]${raw.join()}` : undefined;
    const known = key && this.#memo.get(key);
    if (known) return known;
    const name = this.#fresh('constant');
    this.#initializers.set(
      name,
      create(TensorProtoSchema, {
        name,
        dims: value.shape.map(BigInt),
        dataType: elementType[value.dtype],
        rawData: raw,
      }),
    );
    if (key) this.#memo.set(key, name);
    return name;
  }

  float(value: number): string {
    return this.constant({ dtype: 'float32', shape: [], data: Float32Array.of(value) });
  }

  int64(values: readonly number[]): string {
    return this.constant({ dtype: 'int64', shape: [values.length], data: BigInt64Array.from(values, BigInt) });
  }

  int32Scalar(value: number): string {
    return this.constant({ dtype: 'int32', shape: [], data: Int32Array.of(value) });
  }

  int64Scalar(value: number): string {
    return this.constant({ dtype: 'int64', shape: [], data: BigInt64Array.of(BigInt(value)) });
  }

  cast(input: string, dtype: DType): string {
    return this.node('Cast', [input], { to: elementType[dtype] });
  }

  /** a or b; WebGPU has no Or. */
  logicalOr(a: string, b: string): string {
    if (this.target !== 'webgpu') return this.node('Or', [a, b]);
    return this.node('Not', [this.node('And', [this.node('Not', [a]), this.node('Not', [b])])]);
  }

  /** Notes that `input` has an unknown size, so that `shape` can refer to it. */
  declareSymbols(input: string, shape: Shape): void {
    shape.forEach((dim, axis) => {
      if (typeof dim !== 'number' && !this.#symbols.has(dim.symbol)) {
        this.#symbols.set(dim.symbol, { input, axis, factor: dim.factor });
      }
    });
  }

  /** An int64 vector with the sizes of `shape`, read from an input where one is unknown. */
  shape(shape: Shape): string {
    if (isStatic(shape)) return this.int64(shape);
    const parts = shape.map((dim) => (typeof dim === 'number' ? this.int64([dim]) : this.#symbolicSize(dim)));
    return parts.length === 1 ? parts[0]! : this.node('Concat', parts, { axis: 0 });
  }

  #symbolicSize(dim: Exclude<Dim, number>): string {
    const source = this.#symbols.get(dim.symbol);
    if (!source) throw new Error(`no input has the size ${dim.symbol}`);
    const key = `size ${dim.symbol}·${dim.factor}`;
    const known = this.#memo.get(key);
    if (known) return known;
    const sizes = this.node('Shape', [source.input], { start: source.axis, end: source.axis + 1 });
    const scaled =
      dim.factor === source.factor
        ? sizes
        : this.node('Div', [this.node('Mul', [sizes, this.int64([dim.factor])]), this.int64([source.factor])]);
    this.#memo.set(key, scaled);
    return scaled;
  }

  /**
   * Makes `value` available under `output`, for a graph output: the node that computes it is renamed. Values that have
   * no node here, or are an output already, are copied. True when renamed.
   */
  output(value: string, output: string): boolean {
    const producer = this.#nodes.find((node) => node.output.includes(value));
    if (!producer || this.#outputs.has(value)) {
      this.node('Identity', [value], {}, { output });
      return false;
    }
    const rename = (name: string) => (name === value ? output : name);
    for (const node of this.#nodes) {
      node.input = node.input.map(rename);
      node.output = node.output.map(rename);
    }
    this.#outputs.add(output);
    return true;
  }

  /** The finished graph. */
  graph(name: string, inputs: readonly ValueInfoProto[], outputs: readonly ValueInfoProto[]): GraphProto {
    return create(GraphProtoSchema, {
      name,
      node: this.#nodes,
      initializer: [...this.#initializers.values()],
      input: [...inputs],
      output: [...outputs],
    });
  }
}

/** Name, element type and shape of a graph input or output. */
export function valueInfo(name: string, dtype: DType, shape?: Shape, docString?: string): ValueInfoProto {
  const dim = shape?.map((d) =>
    typeof d === 'number'
      ? { value: { case: 'dimValue' as const, value: BigInt(d) } }
      : { value: { case: 'dimParam' as const, value: d.factor === 1 ? d.symbol : `${d.factor}*${d.symbol}` } },
  );
  const tensor = { elemType: elementType[dtype], ...(dim && { shape: { dim } }) };
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: 'tensorType', value: tensor } },
    ...(docString && { docString }),
  });
}

/** What an ONNX file says of itself: its description, and entries of its metadata by name. */
export interface ModelDescription {
  readonly description?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Serialises a graph as an ONNX model. */
export function serializeModel(graph: GraphProto, { description, metadata = {} }: ModelDescription = {}): Uint8Array {
  const init: MessageInitShape<typeof ModelProtoSchema> = {
    irVersion,
    producerName: 'reparam',
    producerVersion: '0.1.0',
    graph,
    opsetImport: [{ domain: '', version: opset }],
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    ...(description && { docString: description }),
  };
  return toBinary(ModelProtoSchema, create(ModelProtoSchema, init));
}

/** Numbers of the attribute types, as onnx.proto has them. */
const attributeType = { float: 1, int: 2, string: 3, graph: 5, ints: 7 } as const;

function makeAttribute(name: string, value: AttributeValue): AttributeProto {
  // Attributes that are floats in the operators' definitions; every other number is an integer.
  const floats = new Set(['alpha', 'beta', 'epsilon']);
  if (typeof value === 'number') {
    return floats.has(name)
      ? create(AttributeProtoSchema, { name, type: attributeType.float, f: value })
      : create(AttributeProtoSchema, { name, type: attributeType.int, i: BigInt(value) });
  }
  if (typeof value === 'string') {
    return create(AttributeProtoSchema, { name, type: attributeType.string, s: new TextEncoder().encode(value) });
  }
  if ('$typeName' in value) return create(AttributeProtoSchema, { name, type: attributeType.graph, g: value });
  return create(AttributeProtoSchema, { name, type: attributeType.ints, ints: value.map(BigInt) });
}

function rawBytes({ dtype, data }: HostTensor): Uint8Array {
  // The format is little-endian, as is every machine a JavaScript engine we know of runs on.
  const stored =
    dtype === 'float32' && !(data instanceof Float32Array) ? Float32Array.from(data as Float64Array) : data;
  return new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength);
}
