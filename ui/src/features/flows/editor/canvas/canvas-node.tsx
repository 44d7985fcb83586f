import { IconAlertTriangle, IconArrowsDiagonal } from '@tabler/icons-react';
import { Handle, type NodeProps, Position } from '@xyflow/react';
import { memo, useContext } from 'react';
import { bodyOf } from '@/api/bodies';
import { casesOf } from '../document/cases';
import { nameOf } from '../document/definition';
import { useDraftStore } from '../document/draft-context';
import { typeOf } from '../document/node-types';
import { heightOf } from '../document/positions';
import { type CanvasNode as Drawn, decisionWords } from '../document/to-canvas';
import classes from './canvas-node.module.css';
import { CaseHandles } from './case-handles';
import { HandleLabel } from './handle-label';
import { NodeBadges } from './node-badges';
import { lookOf, summaryOf } from './node-looks';
import { TestMark } from './test-mark';
import { texts } from './texts';
import { TypesContext } from './types-context';
import { useMeasured } from './use-measured';

/** A node on the canvas: icon, name, summary, overrides, and the number of its problems or warnings. */
export const CanvasNode = memo(function CanvasNode({ data, selected }: NodeProps<Drawn>) {
  const { node, faults, warnings } = data;
  const joined = data.joined.split('\n');
  const failsOn = data.failsOn === '' ? [] : data.failsOn.split(',');
  const { icon: Icon, tone, label } = lookOf(node.type, node.action);
  const fails = failsOn.length > 0 ? texts.canvas.failsIf(decisionWords(failsOn)) : null;
  const summary = summaryOf(node);
  const type = typeOf(useContext(TypesContext), node);
  const neverFails = type?.ports.includes('error') === false;
  const cases = casesOf(node);
  const body = bodyOf(node);
  // The catalogue may arrive when the node has been drawn.
  useMeasured(node.id, String(type?.traits.answers ?? false));
  const store = useDraftStore();
  const open = () => store.getState().enter([...store.getState().inside, node.id]);
  return (
    <div
      className={classes.node}
      data-tone={tone}
      data-selected={selected || undefined}
      data-faulty={faults > 0 || undefined}
      data-body={body ? true : undefined}
      style={cases.length > 0 ? { height: heightOf(node) } : undefined}
    >
      <Handle type="target" position={Position.Left} className={classes.in} />
      <span className={classes.icon}>
        <Icon size={18} stroke={1.7} aria-hidden />
      </span>
      <span className={classes.words}>
        <span className={classes.name}>{nameOf(node)}</span>
        <span className={classes.line} title={fails ?? undefined}>
          {fails ?? label}
          {!fails && summary && <span className={classes.summary}> · {summary}</span>}
        </span>
      </span>
      {body && (
        <button
          type="button"
          // The node itself takes the focus and opens its body by Enter.
          tabIndex={-1}
          className={`${classes.open} nodrag`}
          title={texts.body.open}
          aria-label={texts.body.openOf(nameOf(node))}
          onClick={open}
        >
          <IconArrowsDiagonal size={14} aria-hidden />
        </button>
      )}
      {faults > 0 && (
        <span className={classes.fault} title={texts.badges.faults(faults)}>
          {faults}
        </span>
      )}
      {faults === 0 && warnings > 0 && (
        <span className={classes.warning} title={texts.badges.warnings(warnings)}>
          <IconAlertTriangle size={12} aria-hidden />
          {warnings}
        </span>
      )}
      <NodeBadges node={node} />
      <TestMark id={node.id} />
      <Handle
        id="out"
        type="source"
        position={Position.Right}
        className={`${classes.out} ${type?.traits.answers ? classes.middle : ''} ${cases.length > 0 ? classes.hidden : ''}`}
        title={texts.canvas.outHandle}
      />
      {type?.traits.answers && (
        <>
          <Handle
            id="true"
            type="source"
            position={Position.Right}
            className={`${classes.out} ${classes.true}`}
            title={texts.canvas.trueHandle}
          >
            <HandleLabel isOpen={!joined.includes('true')}>{texts.canvas.true}</HandleLabel>
          </Handle>
          <Handle
            id="false"
            type="source"
            position={Position.Right}
            className={`${classes.out} ${classes.false}`}
            title={texts.canvas.falseHandle}
          >
            <HandleLabel isOpen={!joined.includes('false')}>{texts.canvas.false}</HandleLabel>
          </Handle>
        </>
      )}
      {cases.length > 0 && <CaseHandles id={node.id} cases={cases} failsOn={failsOn} joined={joined} />}
      <Handle
        id="error"
        type="source"
        position={Position.Bottom}
        className={`${classes.error} ${neverFails ? classes.hidden : ''}`}
        title={texts.canvas.errorHandle}
      >
        <HandleLabel>{texts.canvas.errorHandle}</HandleLabel>
      </Handle>
    </div>
  );
});
