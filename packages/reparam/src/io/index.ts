export { readSafetensors, type Safetensors, writeSafetensors } from './safetensors.ts';
